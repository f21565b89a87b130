// Access to a header by its configured name, pseudo-header fields included. Names are resolved when configuration is built.

import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../codec/header-map.ts'

export type HeaderValue = (headers: HeaderMap) => string | undefined

const PSEUDO_HEADERS = new Map<string, HeaderValue>([
  [':method', (headers) => orUndefined((headers as RequestHeaderMap).method)],
  [':authority', (headers) => (headers as RequestHeaderMap).authority],
  [':scheme', (headers) => (headers as RequestHeaderMap).scheme],
  [':path', (headers) => (headers as RequestHeaderMap).path],
  [':protocol', (headers) => (headers as RequestHeaderMap).protocol],
  [':status', statusText],
])

/** The field behind a pseudo-header's name; `host` is `:authority` in Envoy. Undefined for other names. */
export function pseudoHeader(name: string): HeaderValue | undefined {
  const lower = name.toLowerCase()
  if (lower === 'host') return PSEUDO_HEADERS.get(':authority')
  return PSEUDO_HEADERS.get(lower) ?? (lower.startsWith(':') ? absent : undefined)
}

/** The header's first value. */
export function firstValue(name: string): HeaderValue {
  const lower = name.toLowerCase()
  return pseudoHeader(lower) ?? ((headers) => headers.get(lower))
}

/** All values of the header, joined with `,`. */
export function joinedValue(name: string): HeaderValue {
  const lower = name.toLowerCase()
  return pseudoHeader(lower) ?? ((headers) => headers.getJoined(lower))
}

function statusText(headers: HeaderMap): string | undefined {
  const { status } = headers as ResponseHeaderMap
  return status === undefined || status === 0 ? undefined : (STATUS_TEXTS[status] ?? String(status))
}

const STATUS_TEXTS = Array.from({ length: 600 }, (_, status) => String(status))

function absent(): undefined {
  return undefined
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text
}
