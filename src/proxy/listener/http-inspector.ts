// envoy.filters.listener.http_inspector: does a plain connection begin with HTTP, and which version?

import { HttpInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { ListenerFilterFactory } from './listener-filter.ts'

/** A request line that is longer than this is not waited for. */
const MAX_REQUEST_LINE_BYTES = 64 * 1024
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const H2C = ['h2c']
const HTTP_1_1 = ['http/1.1']
const HTTP_1_0 = ['http/1.0']
/** RFC 9110 5.6.2. */
const IS_TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]*$/

export const httpInspector: ListenerFilterFactory<typeof HttpInspectorSchema> = {
  name: 'envoy.filters.listener.http_inspector',
  config: HttpInspectorSchema,
  compile: () => ({ maxBytes: MAX_REQUEST_LINE_BYTES, inspect: inspectHttp }),
}

function inspectHttp(bytes: Buffer, facts: ConnectionFacts): boolean {
  if (facts.transportProtocol === 'tls') return true
  const compared = Math.min(bytes.length, PREFACE.length)
  if (compared > 0 && bytes.compare(PREFACE, 0, compared, 0, compared) === 0) {
    if (compared < PREFACE.length) return false
    facts.applicationProtocols = H2C
    return true
  }
  const lineEnd = bytes.indexOf(0x0a)
  if (lineEnd < 0) return !mayBeRequestLine(bytes)
  const line = bytes.toString('latin1', 0, lineEnd).trimEnd()
  const version = versionOf(line)
  if (version !== undefined) facts.applicationProtocols = version
  return true
}

/** Of `method target HTTP/1.x`, spaces between them. By hand: a pattern would try every space of a long line again and again. */
function versionOf(line: string): readonly string[] | undefined {
  const methodEnd = line.indexOf(' ')
  const versionStart = line.lastIndexOf(' ')
  if (methodEnd <= 0 || !IS_TOKEN.test(line.slice(0, methodEnd))) return undefined
  if (line.slice(methodEnd, versionStart).trim() === '') return undefined
  switch (line.slice(versionStart + 1)) {
    case 'HTTP/1.1':
      return HTTP_1_1
    case 'HTTP/1.0':
      return HTTP_1_0
    default:
      return undefined
  }
}

/** Until the first space only token characters may stand (RFC 9112 3.1): other protocols show themselves at once. */
function mayBeRequestLine(bytes: Buffer): boolean {
  if (bytes.length >= MAX_REQUEST_LINE_BYTES) return false
  const space = bytes.indexOf(0x20)
  const method = bytes.toString('latin1', 0, space < 0 ? bytes.length : space)
  return IS_TOKEN.test(method) && method.length <= 32 && (space < 0 || method.length > 0)
}
