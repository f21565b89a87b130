// Fact 9 of what a ztunnel expects: resets lose their meaning there, so tunnels end by END_STREAM, each direction by itself, and
// a message that was cut shows in its own framing.

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import type { Http2Wire, WireStream } from '../support/http2-wire.ts'
import { acceptTunnel } from '../support/wire-destination.ts'
import { BYTES, echo, GET, open, startZtunnelMesh, WEB, type ZtunnelMesh } from './mesh.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(30_000)

let mesh: ZtunnelMesh
let wire: Http2Wire

beforeAll(async () => {
  mesh = await startZtunnelMesh({ network: '127.78' })
})

beforeEach(async () => {
  mesh.destination.onStream = acceptTunnel
  mesh.destination.onData = () => undefined
  wire = await mesh.waypoint.wire()
})

afterAll(() => mesh.stop())

/** The stream at the destination that `send` makes the waypoint open or use. */
async function streamAtDestination(send: () => void): Promise<[WireStream, Http2Wire]> {
  const seen: [WireStream, Http2Wire][] = []
  const { onData } = mesh.destination
  mesh.destination.onData = (stream, its) => {
    seen.push([stream, its])
    onData(stream, its)
  }
  send()
  await eventually(() => seen.length > 0)
  return seen[0]
}

describe('a tunnel of bytes', () => {
  test('whose client has ended still carries what the destination sends, and then ends', async () => {
    await open(wire, 1, BYTES)
    const [stream, its] = await streamAtDestination(() => wire.data(1, 'all I have', true))
    await eventually(() => stream.ended)
    expect(stream.body.toString()).toBe('all I have')
    expect(wire.stream(1).done).toBe(false)
    its.data(stream.id, 'and ')
    await wire.until(() => wire.stream(1).body.length === 4)
    its.data(stream.id, 'mine', true)
    await wire.untilDone(1)
    expect(wire.stream(1).body.toString()).toBe('and mine')
    expect(wire.stream(1).ended).toBe(true)
    expect([wire.stream(1).reset, stream.reset]).toEqual([undefined, undefined])
  })

  test('whose destination has ended still carries what the client sends, and then ends', async () => {
    await open(wire, 1, BYTES)
    const [stream, its] = await streamAtDestination(() => wire.data(1, 'first'))
    its.data(stream.id, 'goodbye', true)
    await wire.until(() => wire.stream(1).ended)
    expect(wire.stream(1).body.toString()).toBe('goodbye')
    expect(wire.stream(1).reset).toBeUndefined()
    wire.data(1, ' and second')
    await eventually(() => stream.body.length === 16)
    expect(stream.ended).toBe(false)
    wire.data(1, '', true)
    await eventually(() => stream.ended)
    expect(stream.body.toString()).toBe('first and second')
    expect([wire.stream(1).reset, stream.reset]).toEqual([undefined, undefined])
  })

  test('that the client resets is reset at the destination, and others on the connection go on', async () => {
    mesh.destination.onData = echo
    await open(wire, 1, BYTES)
    await open(wire, 3, BYTES)
    const [stream] = await streamAtDestination(() => wire.data(1, 'x'))
    wire.reset(1, 8)
    expect(await eventually(() => stream.reset !== undefined)).toBe(true)
    wire.data(3, 'still here', true)
    await wire.untilDone(3)
    expect(wire.stream(3).body.toString()).toBe('still here')
  })
})

describe('an HTTP tunnel', () => {
  test('ends by END_STREAM on both legs when the request said connection: close', async () => {
    mesh.destination.onData = (stream, its) => {
      its.data(stream.id, stream.ended ? '' : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', stream.ended)
    }
    await open(wire, 1, WEB)
    const [stream] = await streamAtDestination(() => {
      wire.data(1, 'GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n')
    })
    await wire.untilDone(1)
    expect(wire.stream(1).body.toString()).toMatch(/ok$/)
    expect(wire.stream(1).ended).toBe(true)
    wire.data(1, '', true)
    expect(await wire.until(() => wire.stream(1).reset !== undefined, 300)).toBe(false)
    expect(stream.reset).toBeUndefined()
  })

  test('ends by END_STREAM towards the destination when the response said connection: close', async () => {
    mesh.destination.onData = (stream, its) => {
      if (stream.ended) return
      its.data(stream.id, 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok', true)
    }
    await open(wire, 1, WEB)
    const [stream] = await streamAtDestination(() => wire.data(1, GET))
    await wire.until(() => wire.stream(1).body.toString().endsWith('ok'))
    await eventually(() => stream.ended)
    expect(stream.ended).toBe(true)
    expect(stream.reset).toBeUndefined()
    expect(wire.stream(1).done).toBe(false)
  })

  for (const [framing, head, part] of [
    ['content-length', 'content-length: 100', 'only a part'],
    ['chunks', 'transfer-encoding: chunked', 'b\r\nonly a part\r\n'],
  ] as const) {
    test(`cuts a response by ${framing} that the destination cut, so that its client can tell`, async () => {
      mesh.destination.onData = (stream, its) => {
        if (!stream.ended) its.data(stream.id, `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`, true)
      }
      await open(wire, 1, WEB)
      wire.data(1, GET)
      await wire.untilDone(1)
      const response = wire.stream(1).body.toString()
      expect(response).toContain('only a part')
      // Nothing that would make the message whole.
      expect(response).toMatch(/only a part(\r\n)?$/)
      expect(wire.stream(1).done).toBe(true)
    })
  }
})
