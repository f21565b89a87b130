// The messages of envoy.service.auth.v3 as an authorization server of the tests reads and writes them.

import { decodeMessage, encodeMessage, type Kind, type Message, type Schema } from './protobuf-wire.ts'

const VALUE: { fields: Record<number, readonly [string, Kind]> } = {
  fields: { 1: ['null', 'varint'], 2: ['number', 'double'], 3: ['string', 'string'], 4: ['bool', 'varint'] },
}
const STRUCT: Schema = { fields: { 1: ['fields', { map: VALUE }] } }
VALUE.fields[5] = ['struct', STRUCT]
VALUE.fields[6] = ['list', { fields: { 1: ['values', VALUE] } }]

const METADATA: Schema = { fields: { 1: ['filter_metadata', { map: STRUCT }] } }
const SOCKET: Schema = { fields: { 2: ['address', 'string'], 3: ['port', 'varint'] } }
const INTERNAL: Schema = { fields: { 1: ['listener', 'string'], 2: ['endpoint', 'string'] } }
const ADDRESS: Schema = { fields: { 1: ['socket', SOCKET], 3: ['internal', INTERNAL] } }
const PEER: Schema = {
  fields: {
    1: ['address', ADDRESS],
    2: ['service', 'string'],
    4: ['principal', 'string'],
    5: ['certificate', 'string'],
  },
}
const HEADER: Schema = { fields: { 1: ['key', 'string'], 2: ['value', 'string'], 3: ['raw_value', 'bytes'] } }
const HTTP: Schema = {
  fields: {
    1: ['id', 'string'],
    2: ['method', 'string'],
    3: ['headers', { map: 'string' }],
    4: ['path', 'string'],
    5: ['host', 'string'],
    6: ['scheme', 'string'],
    9: ['size', 'varint'],
    10: ['protocol', 'string'],
    11: ['body', 'string'],
    12: ['raw_body', 'bytes'],
    13: ['header_map', { fields: { 1: ['headers', HEADER] } }],
  },
}
const CHECK_REQUEST: Schema = {
  fields: {
    1: [
      'attributes',
      {
        fields: {
          1: ['source', PEER],
          2: ['destination', PEER],
          4: ['request', { fields: { 1: ['time', { fields: {} }], 2: ['http', HTTP] } }],
          10: ['context_extensions', { map: 'string' }],
          11: ['metadata_context', METADATA],
          12: ['tls_session', { fields: { 1: ['sni', 'string'] } }],
          13: ['route_metadata_context', METADATA],
        },
      },
    ],
  },
}

/** What a body with one framed CheckRequest says, without what differs from one request to the next. */
export function readCheckRequest(body: Buffer): unknown {
  if (body.length < 5) return 'no message'
  const { attributes } = decodeMessage(body.subarray(5), CHECK_REQUEST) as { attributes?: Record<string, unknown> }
  const request = attributes?.['request'] as { time?: unknown; http?: Record<string, unknown> } | undefined
  if (request?.time !== undefined) request.time = 'set'
  if (request?.http?.['id'] !== undefined) request.http['id'] = 'set'
  for (const peer of ['source', 'destination']) {
    const one = attributes?.[peer] as
      { address?: { socket?: { address?: string; port?: number } | string } } | undefined
    const socket = one?.address?.socket
    if (typeof socket === 'object') one!.address!.socket = `${socket.address}:${socket.port}`
  }
  return attributes
}

/** A response message with gRPC's length prefix. */
export function framed(message: Message): Buffer {
  const bytes = encodeMessage(message)
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

export const OK_STATUS: Message = [[1, [[1, 0]]]]
const PERMISSION_DENIED: Message = [[1, [[1, 7]]]]

export interface Reply {
  readonly headers?: Message
  readonly body?: string
  readonly status?: number
}

/** status OK with an ok_response of these fields. */
export function allowed(fields: Message, more: Message = []): Message {
  return [...OK_STATUS, [3, fields], ...more]
}

export function denied(reply?: Reply, more: Message = []): Message {
  return reply === undefined ? PERMISSION_DENIED : [...PERMISSION_DENIED, [2, replyFields(reply)], ...more]
}

export function errored(reply: Reply): Message {
  return [...PERMISSION_DENIED, [5, replyFields(reply)]]
}

/** HeaderValueOption; `action` is a number of HeaderAppendAction, or the deprecated `append`. */
export function headerOption(key: string, value: string, action?: number | boolean): Message {
  const header: Message = [[1, [[1, key], [2, value]]]] // prettier-ignore
  if (action === undefined) return header
  return [...header, typeof action === 'boolean' ? [2, action ? [[1, true]] : []] : [3, action]]
}

/** A Struct whose values are texts. */
export function textStruct(fields: Readonly<Record<string, string>>): Message {
  return Object.entries(fields).map(([key, value]) => [1, [[1, key], [2, [[3, value]]]]] as const) // prettier-ignore
}

function replyFields({ status, headers, body }: Reply): Message {
  return [
    ...(status === undefined ? [] : [[1, [[1, status]]] as const]),
    ...(headers ?? []).map(([, option]) => [2, option] as const),
    ...(body === undefined ? [] : [[3, body] as const]),
  ]
}
