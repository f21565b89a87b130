// Streams for tests of matchers, formats and policies: a connection and a request with the given facts, nothing else.

import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../src/codec/header-map.ts'
import { socketAddress } from '../../src/proxy/stream/address.ts'
import type { CertificateFacts, ConnectionFacts, TlsFacts } from '../../src/proxy/stream/connection-facts.ts'
import { newConnectionFacts } from '../../src/proxy/stream/new-connection-facts.ts'
import type { Protocol } from '../../src/proxy/stream/protocol.ts'
import { StreamInfo } from '../../src/proxy/stream/stream-info.ts'

export interface TestRequest {
  method?: string
  authority?: string
  path?: string
  scheme?: string
  /** Name and value pairs. */
  headers?: readonly (readonly [string, string])[]
}

export function testConnection(local = '10.0.0.1:80', remote = '10.1.0.2:4000', tls?: TlsFacts): ConnectionFacts {
  return newConnectionFacts({ local: address(local), remote: address(remote), tls })
}

/** A stream without headers: a TCP connection's. */
export function testStream(connection: ConnectionFacts = testConnection(), protocol?: Protocol): StreamInfo {
  return new StreamInfo(connection, Date.UTC(2016, 3, 15, 20, 17, 0, 310), 1000, protocol)
}

export function testRequest(request: TestRequest, connection: ConnectionFacts = testConnection()): StreamInfo {
  const info = testStream(connection, 'HTTP/1.1')
  const headers = new RequestHeaderMap((request.headers ?? []).flat())
  headers.method = request.method ?? 'GET'
  headers.authority = request.authority ?? 'example.com'
  headers.scheme = request.scheme ?? 'http'
  headers.path = request.method === 'CONNECT' ? request.path : (request.path ?? '/')
  info.requestHeaders = headers
  return info
}

export function testResponse(info: StreamInfo, status: number, fields: string[] = [], trailers?: string[]): StreamInfo {
  const headers = new ResponseHeaderMap(fields)
  headers.status = status
  info.responseHeaders = headers
  info.responseCode = status
  info.responseTrailers = trailers && new HeaderMap(trailers)
  return info
}

export function testCertificate(facts: Partial<CertificateFacts>): CertificateFacts {
  return {
    uriSans: [],
    dnsSans: [],
    ipSans: [],
    emailSans: [],
    subject: '',
    issuer: '',
    serial: '',
    sha256: '',
    validFromMs: 0,
    validToMs: 0,
    pem: '',
    ...facts,
  }
}

export function testTls(peer: Partial<CertificateFacts> | undefined, local: Partial<CertificateFacts> = {}): TlsFacts {
  return {
    local: testCertificate(local),
    peer: peer && testCertificate(peer),
    isPeerVerified: peer !== undefined,
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    alpn: 'h2',
    sni: 'sni.example.com',
  }
}

function address(text: string): ReturnType<typeof socketAddress> {
  const colon = text.lastIndexOf(':')
  return socketAddress(text.slice(0, colon).replace(/[[\]]/g, ''), Number(text.slice(colon + 1)))
}
