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
  const match = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+ +\S.* +HTTP\/1\.([01])$/.exec(line)
  if (match !== null) facts.applicationProtocols = match[1] === '1' ? HTTP_1_1 : HTTP_1_0
  return true
}

/** Until the first space only token characters may stand (RFC 9112 3.1): other protocols show themselves at once. */
function mayBeRequestLine(bytes: Buffer): boolean {
  if (bytes.length >= MAX_REQUEST_LINE_BYTES) return false
  const space = bytes.indexOf(0x20)
  const method = bytes.toString('latin1', 0, space < 0 ? bytes.length : space)
  return /^[A-Za-z0-9!#$%&'*+\-.^_`|~]*$/.test(method) && method.length <= 32 && (space < 0 || method.length > 0)
}
