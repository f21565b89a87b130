import { describe, expect, test } from '@jest/globals'
import { RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'
import {
  fromExtendedConnect,
  fromSwitchingProtocols,
  requestedUpgrade,
  toExtendedConnect,
  toSwitchingProtocols,
} from './upgrade.ts'

function request(method: string, fields: string[], protocol?: string): RequestHeaderMap {
  const headers = new RequestHeaderMap(fields)
  headers.method = method
  headers.scheme = 'http'
  headers.authority = 'a.test'
  headers.path = '/chat'
  headers.protocol = protocol
  return headers
}

function response(status: number, fields: string[]): ResponseHeaderMap {
  const headers = new ResponseHeaderMap(fields)
  headers.status = status
  return headers
}

describe('an upgrade', () => {
  test.each([
    ['of HTTP/1', request('GET', ['connection', 'keep-alive, UPGRADE', 'upgrade', 'WebSocket']), 'websocket'],
    ['without the connection option', request('GET', ['connection', 'close', 'upgrade', 'websocket']), ''],
    ['without a name', request('GET', ['connection', 'upgrade', 'upgrade', '']), ''],
    ['that is CONNECT', request('CONNECT', []), 'connect'],
  ])('%s is asked for by these headers', (_what, headers, expected) => {
    expect(requestedUpgrade(headers)).toBe(expected)
  })

  test('by extended CONNECT becomes one of HTTP/1, and the same again for an HTTP/2 upstream', () => {
    const headers = request('CONNECT', ['x-a', 'b'], 'websocket')
    fromExtendedConnect(headers)
    expect(headers.method).toBe('GET')
    expect(headers.protocol).toBeUndefined()
    expect(headers.fields).toEqual(['x-a', 'b', 'upgrade', 'websocket', 'connection', 'upgrade'])
    expect(requestedUpgrade(headers)).toBe('websocket')
    expect(toExtendedConnect(headers)).toEqual(request('CONNECT', ['x-a', 'b'], 'websocket'))
  })

  test('that goes to an HTTP/2 upstream leaves the request itself as it was, for logs and further attempts', () => {
    const fields = ['upgrade', 'websocket', 'connection', 'upgrade', 'content-length', '0', 'authorization', 'x']
    const headers = request('GET', [...fields])
    headers.neverIndexed = ['authorization']
    const connect = toExtendedConnect(headers)
    expect(connect.fields).toEqual(['authorization', 'x'])
    expect(connect.neverIndexed).toEqual(['authorization'])
    expect(headers).toMatchObject({ method: 'GET', protocol: undefined, fields })
  })

  test('that an HTTP/2 upstream grants is 101 inside, and 200 again for an HTTP/2 client', () => {
    const headers = response(200, ['x-a', 'b'])
    toSwitchingProtocols(headers, 'websocket')
    expect(headers).toEqual(response(101, ['x-a', 'b', 'upgrade', 'websocket', 'connection', 'upgrade']))
    expect(fromSwitchingProtocols(headers)).toEqual(response(200, ['x-a', 'b']))
    expect(headers.status).toBe(101)
  })

  test('that an HTTP/2 upstream refuses keeps its status', () => {
    const headers = response(403, [])
    toSwitchingProtocols(headers, 'websocket')
    expect(headers).toEqual(response(403, []))
  })
})
