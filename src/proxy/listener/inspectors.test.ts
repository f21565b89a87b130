import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { create } from '@bufbuild/protobuf'
import { HttpInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js'
import { TlsInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js'
import { socketAddress } from '../stream/address.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import { httpInspector } from './http-inspector.ts'
import { tlsInspector } from './tls-inspector.ts'

const http = httpInspector.compile(create(HttpInspectorSchema))
const tls = tlsInspector.compile(create(TlsInspectorSchema))

function newFacts(): ConnectionFacts {
  return newConnectionFacts({ local: socketAddress('127.0.0.1', 1), remote: socketAddress('127.0.0.1', 2) })
}

/** Shows `bytes` one more at a time; returns after how many the filter knew, and what it found. */
function inspect(filter: typeof http, bytes: Buffer): { known: number; facts: ConnectionFacts } {
  const facts = newFacts()
  for (let known = 1; known <= bytes.length; known++) {
    if (filter.inspect(bytes.subarray(0, known), facts)) return { known, facts }
  }
  return { known: Infinity, facts }
}

describe('http_inspector, a byte at a time', () => {
  test.each<[string, string, string[]]>([
    ['HTTP/1.1', 'GET /path?q HTTP/1.1\r\nhost: a\r\n', ['http/1.1']],
    ['HTTP/1.0', 'POST / HTTP/1.0\r\n', ['http/1.0']],
    ['a method of its own', 'P!RGE * HTTP/1.1\n', ['http/1.1']],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0', ['h2c']],
    ['a method that begins as the preface does', 'PRINT / HTTP/1.1\r\n', ['http/1.1']],
    ['another version', 'GET / HTTP/1.2\r\n', []],
    ['no version', 'GET /\r\n', []],
    ['no target', 'GET  HTTP/1.1\r\n', []],
    ['a line of something else', 'SSH-2.0-OpenSSH_9.6\r\n', []],
  ])('%s', (_name, text, expected) => {
    const { known, facts } = inspect(http, Buffer.from(text, 'latin1'))
    expect(facts.applicationProtocols).toEqual(expected)
    expect(known).toBeLessThanOrEqual(text.length)
  })

  test('does not wait for what cannot be a request line', () => {
    expect(inspect(http, Buffer.from('\x16\x03\x01')).known).toBe(1)
    expect(inspect(http, Buffer.from('A'.repeat(40))).known).toBe(33)
    expect(http.inspect(Buffer.from(`GET ${'a'.repeat(70_000)}`), newFacts())).toBe(true)
  })

  test('is not delayed by a line of spaces', () => {
    const line = Buffer.from(`GET a${' '.repeat(60_000)}b\n`)
    const startedMs = performance.now()
    expect(http.inspect(line, newFacts())).toBe(true)
    expect(performance.now() - startedMs).toBeLessThan(100)
  })
})

describe('tls_inspector, a byte at a time', () => {
  let hello: Buffer

  beforeAll(async () => {
    hello = await captureHello()
  })

  test('finds name and protocols with the last byte of the hello, not before', () => {
    const { known, facts } = inspect(tls, Buffer.concat([hello, Buffer.from('more')]))
    expect(known).toBe(hello.length)
    expect(facts.transportProtocol).toBe('tls')
    expect(facts.requestedServerName).toBe('service.test')
    expect(facts.applicationProtocols).toEqual(['h2', 'http/1.1'])
  })

  test.each([1, 3, 50])('finds them in a hello that comes in records of %i bytes', (size) => {
    const body = hello.subarray(5)
    const records: Buffer[] = []
    for (let at = 0; at < body.length; at += size) {
      const part = body.subarray(at, at + size)
      records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
    }
    const { facts } = inspect(tls, Buffer.concat(records))
    expect(facts.requestedServerName).toBe('service.test')
    expect(facts.applicationProtocols).toEqual(['h2', 'http/1.1'])
  })

  test('takes nothing from what is not a hello', () => {
    for (const other of ['GET / HTTP/1.1\r\n', '\x16\x02\x00', '\x16\x03\x01\x00\x04\x02\x00\x00\x00']) {
      const { known, facts } = inspect(tls, Buffer.from(other, 'latin1'))
      expect(known).toBeLessThanOrEqual(other.length)
      expect(facts.transportProtocol).toBe('raw_buffer')
    }
  })

  test('reads no further than a hello goes that lies about its lengths', () => {
    for (let at = 9; at < hello.length; at++) {
      const broken = Buffer.from(hello)
      broken[at] = 0xff
      expect(tls.inspect(broken, newFacts())).toBeDefined()
    }
  })

  test('costs ten times as much for ten times as many records of one byte, not a hundred times', () => {
    const costUs = (count: number): number => {
      const records = Buffer.from(Array.from({ length: count }, (_, i) => [22, 3, 1, 0, 1, i === 0 ? 1 : 0x3f]).flat())
      const before = process.cpuUsage()
      for (let i = 0; i < 200; i++) expect(tls.inspect(records, newFacts())).toBe(false)
      return process.cpuUsage(before).user
    }
    costUs(270)
    expect(costUs(2700)).toBeLessThan(40 * costUs(270))
  })

  test('gives up on a hello that does not end', () => {
    const endless = Buffer.concat([Buffer.from([22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xff]), Buffer.alloc(17_000)])
    expect(inspect(tls, endless).known).toBe(16 * 1024)
  })
})

/** The ClientHello that OpenSSL sends. */
async function captureHello(): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connectTls({
    socket: connect(port, '127.0.0.1'),
    servername: 'Service.TEST',
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [ReturnType<typeof connect>]
  let bytes = Buffer.alloc(0)
  while (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, chunk])
  }
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}
