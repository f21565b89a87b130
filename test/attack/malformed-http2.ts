// HTTP/2 requests that RFC 9113 calls malformed (8.1.1, 8.2, 8.3), as header sections. `/SMUGGLED` must not reach a destination.

import type { HeaderField } from '../support/hpack-wire.ts'

export interface MalformedSection {
  readonly what: string
  readonly fields: readonly HeaderField[]
}

const pseudo = (changes: Readonly<Record<string, string | undefined>> = {}): HeaderField[] =>
  Object.entries({
    ':method': 'GET',
    ':scheme': 'http',
    ':authority': 'web',
    ':path': '/SMUGGLED',
    ...changes,
  }).flatMap(([name, value]): HeaderField[] => (value === undefined ? [] : [[name, value]]))

const extra = (what: string, ...fields: HeaderField[]): MalformedSection => ({ what, fields: [...pseudo(), ...fields] })

export const MALFORMED_HTTP2: readonly MalformedSection[] = [
  { what: 'no :method', fields: pseudo({ ':method': undefined }) },
  { what: 'no :scheme', fields: pseudo({ ':scheme': undefined }) },
  { what: 'no :path', fields: pseudo({ ':path': undefined }) },
  { what: 'an empty :path', fields: pseudo({ ':path': '' }) },
  { what: 'a pseudo field of a response', fields: [...pseudo(), [':status', '200']] },
  { what: 'a pseudo field that does not exist', fields: [...pseudo(), [':nonsense', '1']] },
  { what: 'two paths', fields: [...pseudo(), [':path', '/other']] },
  { what: 'two methods', fields: [...pseudo(), [':method', 'POST']] },
  { what: 'a pseudo field after a regular one', fields: [['x-field', '1'], ...pseudo()] },
  extra('an upper-case name', ['X-Field', '1']),
  extra('an empty name', ['', '1']),
  extra('a space in a name', ['x field', '1']),
  extra('a colon in a name', ['x:field', '1']),
  extra('CR LF in a value', ['x-field', 'a\r\nhost: other']),
  extra('LF in a value', ['x-field', 'a\nb']),
  extra('NUL in a value', ['x-field', 'a\0b']),
  extra('CR LF in a name', ['x-field: 1\r\ny', '1']),
  extra('connection', ['connection', 'close']),
  extra('keep-alive', ['keep-alive', '1']),
  extra('proxy-connection', ['proxy-connection', 'close']),
  extra('transfer-encoding', ['transfer-encoding', 'chunked']),
  extra('upgrade', ['upgrade', 'websocket']),
  extra('te other than trailers', ['te', 'gzip']),
  extra('a content-length without a body', ['content-length', '5']),
  extra('two content-lengths', ['content-length', '0'], ['content-length', '5']),
  extra('a content-length with a sign', ['content-length', '+0']),
  { what: 'CR LF in the path', fields: pseudo({ ':path': '/SMUGGLED HTTP/1.1\r\nhost: other\r\n\r\n' }) },
  { what: 'a space in the path', fields: pseudo({ ':path': '/SMUGGLED x' }) },
  { what: 'a space in the method', fields: pseudo({ ':method': 'GET /SMUGGLED HTTP/1.1' }) },
  { what: 'CR LF in the authority', fields: pseudo({ ':authority': 'web\r\nx: 1' }) },
]
