import { describe, expect, test } from '@jest/globals'
import { ManagedConnection } from '../../../../test/support/connection-managers.ts'
import { Base64Decoder, MessageEncoder } from './base64-stream.ts'

const FILTERS = {
  'envoy.filters.http.grpc_web': { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb' },
}

function post(type: string, body: string): string {
  return `POST /s/m HTTP/1.1\r\nhost: a\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

test('a request becomes gRPC for what comes behind', () => {
  const connection = new ManagedConnection({ filters: FILTERS })
  connection.send(post('application/grpc-web+proto', '\0\0\0\0\0'))
  const [request] = connection.requests
  expect(request).toContain('content-type: application/grpc')
  expect(request).toContain('te: trailers')
  expect(request.join()).not.toContain('content-length')
})

test('an answer that is no gRPC is told as status and message', () => {
  const routes = [{ match: { prefix: '/' }, directResponse: { status: 503, body: { inlineString: '50% gone' } } }]
  const response = new ManagedConnection({ filters: FILTERS, routes }).send(post('application/grpc-web', ''))
  expect(response).toContain(
    'content-type: application/grpc-web+proto\r\ngrpc-message: 50%25 gone\r\ngrpc-status: 14\r\n',
  )
  expect(response).toContain('content-length: 0\r\n')
  expect(response.endsWith('\r\n\r\n')).toBe(true)
})

test('other content is left alone', () => {
  const connection = new ManagedConnection({ filters: FILTERS })
  expect(connection.send(post('application/grpc-web+json', '{}'))).not.toContain('grpc')
  expect(connection.requests[0]).toContain('content-type: application/grpc-web+json')
})

describe('Base64', () => {
  const text = Buffer.from('any bytes, in any split').toString('base64')

  test('is decoded however it is split', () => {
    for (let size = 1; size <= text.length; size++) {
      const decoder = new Base64Decoder()
      let decoded = ''
      for (let at = 0; at < text.length; at += size) {
        decoded += String(decoder.decode(Buffer.from(text.slice(at, at + size))))
      }
      expect([decoded, decoder.isComplete]).toEqual(['any bytes, in any split', true])
    }
  })

  test.each(['AAAA!!!!', 'AA==AAAA', 'A===', '===='])('is refused when it is none: %s', (bad) => {
    expect(new Base64Decoder().decode(Buffer.from(bad))).toBeUndefined()
  })

  test('is made of whole messages', () => {
    const encoder = new MessageEncoder()
    const message = Buffer.from('\0\0\0\0\x05hello')
    expect(encoder.encode(message.subarray(0, 7), false)).toHaveLength(0)
    const rest = Buffer.concat([message.subarray(7), message.subarray(0, 2)])
    expect(encoder.encode(rest, false).toString()).toBe(message.toString('base64'))
    expect(encoder.encode(Buffer.alloc(0), true).toString()).toBe(message.subarray(0, 2).toString('base64'))
  })
})
