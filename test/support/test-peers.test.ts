// The peers are the oracle's hands, so they are checked on their own first.

import { describe, expect, test } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { ByteTunnel } from './byte-tunnel.ts'
import { encodeFields, encodeInteger, HpackDecoder } from './hpack-wire.ts'
import { parseMessages } from './http1-messages.ts'
import { Http2Wire } from './http2-wire.ts'

describe('the HPACK decoder', () => {
  test('reads the requests with Huffman coding of RFC 7541 C.4 and keeps its table between them', () => {
    const decoder = new HpackDecoder()
    const first = decoder.decode(Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'))
    expect(first).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ])
    const second = decoder.decode(Buffer.from('828684be5886a8eb10649cbf', 'hex'))
    expect(second.slice(3)).toEqual([
      [':authority', 'www.example.com'],
      ['cache-control', 'no-cache'],
    ])
    const third = decoder.decode(Buffer.from('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', 'hex'))
    expect(third.slice(3)).toEqual([
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ])
  })

  test('evicts as RFC 7541 C.6 does with a table of 256 bytes', () => {
    const decoder = new HpackDecoder()
    decoder.decode(Buffer.from('3fe101', 'hex'))
    decoder.decode(
      Buffer.from(
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        'hex',
      ),
    )
    const second = decoder.decode(Buffer.from('4883640effc1c0bf', 'hex'))
    expect(second[0]).toEqual([':status', '307'])
    expect(second[3]).toEqual(['location', 'https://www.example.com'])
  })

  test('reads back what the literal encoder wrote, whatever the bytes', () => {
    const fields = [
      ['a', 'b'],
      ['X-UPPER', 'ÿ\r\n\0'],
      ['long', 'x'.repeat(5000)],
    ] as const
    expect(new HpackDecoder().decode(encodeFields(fields))).toEqual(fields)
    expect(encodeInteger(1337, 5)).toEqual(Buffer.of(31, 154, 10))
  })
})

describe('the HTTP/1 reader', () => {
  test('splits pipelined responses of every framing and leaves what is incomplete', () => {
    const bytes = Buffer.from(
      'HTTP/1.1 100 Continue\r\n\r\n' +
        'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok' +
        'HTTP/1.1 200 OK\r\nX-A: 1\r\ntransfer-encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\nt: 1\r\n\r\n' +
        'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n' +
        'HTTP/1.1 200 OK\r\n\r\nuntil the end',
    )
    const { messages } = parseMessages(bytes, ['GET', 'GET', 'HEAD', 'GET'])
    expect(messages.map((message) => [message.body.toString(), message.complete])).toEqual([
      ['', true],
      ['ok', true],
      ['abc', true],
      ['', true],
      ['until the end', false],
    ])
    expect(messages[2].headers[0]).toEqual(['X-A', '1'])
    expect(messages[2].trailers).toEqual([['t', '1']])
    expect(parseMessages(bytes, ['GET', 'GET', 'HEAD', 'GET'], true).messages[4].complete).toBe(true)
  })
})

describe('the HTTP/2 wire', () => {
  test('exchanges header sections and data between its two roles', async () => {
    const [left, right] = pipe()
    const server = new Http2Wire(right, { role: 'server' })
    server.onStream = (stream) => server.headers(stream.id, [[':status', '200']])
    const client = new Http2Wire(left, { role: 'client', settings: [[4, 70_000]] })
    client.headers(1, [[':method', 'GET']], true)
    expect(await server.until(() => server.stream(1).ended)).toBe(true)
    expect(server.settings?.get(4)).toBe(70_000)
    server.data(1, 'body', true)
    expect(await client.untilDone(1)).toBe(true)
    expect(client.stream(1).sections).toEqual([[[':status', '200']]])
    expect(client.stream(1).body.toString()).toBe('body')
  })
})

function pipe(): [ByteTunnel, ByteTunnel] {
  const a = new PassThrough()
  const b = new PassThrough()
  return [new ByteTunnel(joined(a, b)), new ByteTunnel(joined(b, a))]
}

function joined(readable: PassThrough, writable: PassThrough): PassThrough {
  const duplex = new PassThrough()
  duplex.write = ((chunk: Buffer) => writable.write(chunk)) as typeof duplex.write
  readable.on('data', (chunk) => duplex.push(chunk))
  return duplex
}
