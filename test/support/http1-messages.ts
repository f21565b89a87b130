// Takes apart the HTTP/1 bytes that a test received, keeping order and case of everything. Lenient on purpose: it records
// what a proxy sent, it does not judge it.

export interface Http1Message {
  /** The start line without its line end. */
  readonly line: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** False while bytes are missing: header section, body, or the end of a body that lasts until the connection ends. */
  readonly complete: boolean
}

export interface ParsedMessages {
  readonly messages: readonly Http1Message[]
  /** What follows the last complete message: bytes of a tunnel after 101, or the start of an incomplete message. */
  readonly rest: Buffer
}

type Field = readonly [name: string, value: string]

/**
 * Splits `bytes` into messages.
 * @param requestMethods for responses: the methods of the requests they answer, in order (HEAD and CONNECT have no body).
 * @param ended whether the connection has ended, which completes a body without length.
 */
export function parseMessages(
  bytes: Buffer,
  requestMethods: readonly string[] | 'requests',
  ended = false,
): ParsedMessages {
  const messages: Http1Message[] = []
  let rest = bytes
  let answered = 0
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) break
    const [line, ...fieldLines] = rest.subarray(0, end).toString('latin1').split('\r\n')
    const headers = fieldLines.map(splitField)
    const status = Number(line.split(' ')[1])
    const interim = requestMethods !== 'requests' && status >= 100 && status < 200 && status !== 101
    const method = requestMethods === 'requests' ? undefined : requestMethods[answered]
    const body = readBody(rest.subarray(end + 4), headers, method, status, ended)
    messages.push({ line, headers, ...body })
    if (!interim) answered++
    if (!body.complete) return { messages, rest: Buffer.alloc(0) }
    rest = rest.subarray(end + 4 + body.length)
    if (status === 101 || (method === 'CONNECT' && status < 300)) break
  }
  return { messages, rest }
}

interface Body {
  readonly body: Buffer
  readonly trailers: readonly Field[]
  readonly complete: boolean
  readonly length: number
}

function readBody(
  bytes: Buffer,
  headers: readonly Field[],
  method: string | undefined,
  status: number,
  ended: boolean,
): Body {
  const isResponse = method !== undefined || status >= 100
  const bodiless =
    method === 'HEAD' ||
    (method === 'CONNECT' && status < 300) ||
    (isResponse && (status < 200 || status === 204 || status === 304))
  if (bodiless) return { body: Buffer.alloc(0), trailers: [], complete: true, length: 0 }
  if (/chunked/i.test(valueOf(headers, 'transfer-encoding') ?? '')) return readChunks(bytes)
  const declared = valueOf(headers, 'content-length')
  if (declared !== undefined) {
    const length = Number(declared)
    return { body: bytes.subarray(0, length), trailers: [], complete: bytes.length >= length, length }
  }
  if (!isResponse) return { body: Buffer.alloc(0), trailers: [], complete: true, length: 0 }
  return { body: bytes, trailers: [], complete: ended, length: bytes.length }
}

function readChunks(bytes: Buffer): Body {
  const chunks: Buffer[] = []
  let at = 0
  const incomplete = (): Body => ({ body: Buffer.concat(chunks), trailers: [], complete: false, length: at })
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return incomplete()
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (size === 0) {
      const end = bytes.indexOf('\r\n\r\n', lineEnd)
      if (end < 0) return incomplete()
      const lines = bytes.toString('latin1', lineEnd + 2, end).split('\r\n')
      const trailers = lines.filter((line) => line !== '').map(splitField)
      return { body: Buffer.concat(chunks), trailers, complete: true, length: end + 4 }
    }
    if (!(size > 0) || bytes.length < lineEnd + 2 + size + 2) {
      chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + (size > 0 ? size : 0)))
      return incomplete()
    }
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

function splitField(line: string): Field {
  const colon = line.indexOf(':')
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}

function valueOf(headers: readonly Field[], name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1]
}
