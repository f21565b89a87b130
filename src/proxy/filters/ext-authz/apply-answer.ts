// What an authorization service wants changed, applied to a request or response. A service can be wrong, too: what would make a
// message malformed is never applied.

import type { HeaderMap, RequestHeaderMap } from '../../../codec/header-map.ts'
import { INLINE_REQUEST_HEADERS } from '../../format/inline-headers.ts'
import { parseQuery, queryParameterOf, withQuery } from '../../matching/query-string.ts'
import type { Allowed, HeaderAction, HeaderChange } from './authorizer.ts'

const NAME = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** Field values of RFC 9110 5.5, octets above ASCII included. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** What of a query need not be percent-encoded. */
const QUERY_TEXT = /^[!$'()*+,\-./0-9:;@A-Z_a-z~?%]*$/

export function areValid(changes: readonly HeaderChange[]): boolean {
  return changes.every(({ name, value }) => NAME.test(name) && VALUE.test(value))
}

/** Everything that the answer asks for can be done. */
export function isApplicable(answer: Allowed): boolean {
  return (
    areValid(answer.requestHeaders) &&
    areValid(answer.responseHeaders) &&
    answer.setParameters.every(({ name, value }) => QUERY_TEXT.test(name) && QUERY_TEXT.test(value))
  )
}

export function changesRequest(answer: Allowed): boolean {
  const { requestHeaders, removedHeaders, setParameters, removedParameters } = answer
  return requestHeaders.length + removedHeaders.length + setParameters.length + removedParameters.length > 0
}

export function applyToRequest(answer: Allowed, headers: RequestHeaderMap): void {
  for (const change of answer.requestHeaders) changeRequestHeader(headers, change)
  for (const name of answer.removedHeaders) {
    // Without them there would be no request.
    if (!name.startsWith(':') && name !== 'host') headers.delete(name)
  }
  applyParameters(answer, headers)
}

/** Kind by kind, as Envoy does it. */
export function applyToResponse(changes: readonly HeaderChange[], headers: HeaderMap): void {
  for (const action of RESPONSE_ORDER) {
    for (const change of changes) if (change.action === action) changeHeader(headers, change)
  }
}

const RESPONSE_ORDER: readonly HeaderAction[] = ['add', 'set', 'addIfAbsent', 'setIfExists']

function changeRequestHeader(headers: RequestHeaderMap, change: HeaderChange): void {
  switch (change.name) {
    case ':path':
      headers.path = change.value
      return
    case ':method':
      headers.method = change.value
      return
    case ':scheme':
      headers.scheme = change.value
      return
    case ':authority':
    case 'host':
      headers.authority = change.value
      return
    default:
      if (!change.name.startsWith(':')) changeHeader(headers, change)
  }
}

function changeHeader(headers: HeaderMap, { name, value, action }: HeaderChange): void {
  switch (action) {
    case 'set':
      replace(headers, name, value)
      return
    case 'setIfExists':
      if (headers.has(name)) replace(headers, name, value)
      return
    case 'addIfAbsent':
      if (!headers.has(name)) headers.add(name, value)
      return
    case 'join': {
      const before = headers.getJoined(name)
      if (before !== undefined) headers.set(name, `${before},${value}`)
      return
    }
    case 'add': {
      const before = INLINE_REQUEST_HEADERS.has(name) ? headers.get(name) : undefined
      if (before === undefined) headers.add(name, value)
      else headers.set(name, `${before},${value}`)
    }
  }
}

/** The new entry stands last. */
function replace(headers: HeaderMap, name: string, value: string): void {
  headers.delete(name)
  headers.add(name, value)
}

function applyParameters({ setParameters, removedParameters }: Allowed, headers: RequestHeaderMap): void {
  if (setParameters.length + removedParameters.length === 0 || headers.path === undefined) return
  let parameters = parseQuery(headers.path, false)
  for (const { name, value } of setParameters) {
    parameters = parameters.filter((one) => one.name !== name)
    parameters.push(queryParameterOf(name, value))
  }
  parameters = parameters.filter((one) => !removedParameters.includes(one.name))
  headers.path = withQuery(headers.path, parameters)
}
