// Where tokens are looked for in a request: header fields, query parameters, cookies, each with the issuers that may use it.

import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import { parseQuery, withQuery } from '../../matching/query-string.ts'

/** Issuers that may use a location; `any` when a provider without an issuer does. */
export interface IssuerCheck {
  readonly any: boolean
  readonly issuers: ReadonlySet<string>
}

export interface HeaderLocation {
  readonly name: string
  /** May stand anywhere in the value; the token follows it. */
  readonly valuePrefix: string
  readonly issuers: IssuerCheck
}

export interface NamedLocation {
  readonly name: string
  readonly issuers: IssuerCheck
}

export interface TokenLocations {
  readonly headers: readonly HeaderLocation[]
  readonly parameters: readonly NamedLocation[]
  readonly cookies: readonly NamedLocation[]
  /** Headers that providers write: what a client sends under these names is removed first. */
  readonly sanitized: readonly string[]
}

/** A token and where it was found. */
export interface FoundToken {
  readonly text: string
  readonly issuers: IssuerCheck
  /** Of the header or query parameter to be removed unless the token is forwarded; '' otherwise. */
  readonly header: string
  readonly parameter: string
}

export function allowsIssuer(check: IssuerCheck, issuer: string): boolean {
  return check.any || check.issuers.has(issuer)
}

/** In Envoy's order: headers, parameters, cookies. */
export function findTokens(locations: TokenLocations, headers: RequestHeaderMap): FoundToken[] {
  const found: FoundToken[] = []
  for (const location of locations.headers) findInHeader(location, headers.fields, found)
  if (locations.parameters.length > 0 && headers.path !== undefined && headers.path.includes('?')) {
    const parameters = parseQuery(headers.path, true)
    for (const { name, issuers } of locations.parameters) {
      const text = parameters.find((one) => one.name === name)?.value
      if (text !== undefined) found.push({ text, issuers, header: '', parameter: name })
    }
  }
  if (locations.cookies.length > 0) {
    for (const { name, issuers } of locations.cookies) {
      const text = cookieValue(headers.fields, name)
      if (text !== undefined) found.push({ text, issuers, header: '', parameter: '' })
    }
  }
  return found
}

/**
 * Takes the token out of the request. Cookies stay, as in Envoy. Envoy also writes the other parameters decoded, so that a
 * client could put a space or `&` into the upstream's request line; here they stay as they came.
 */
export function removeToken(token: FoundToken, headers: RequestHeaderMap): void {
  if (token.header !== '') headers.delete(token.header)
  if (token.parameter === '' || headers.path === undefined) return
  const kept = parseQuery(headers.path, true).filter((one) => one.name !== token.parameter)
  headers.path = withQuery(headers.path, kept)
}

const TOKEN_CHARACTER = /[A-Za-z0-9_.-]/

function findInHeader(location: HeaderLocation, fields: readonly string[], found: FoundToken[]): void {
  const { name, valuePrefix, issuers } = location
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue
    const value = fields[i + 1]
    if (valuePrefix === '') {
      found.push({ text: value, issuers, header: name, parameter: '' })
      continue
    }
    const at = value.indexOf(valuePrefix)
    if (at >= 0) found.push({ text: tokenAfter(value, at + valuePrefix.length), issuers, header: name, parameter: '' })
  }
}

/** What stands from the first token character at or behind `from`; the whole value when there is none. */
function tokenAfter(value: string, from: number): string {
  const rest = value.slice(from)
  const start = rest.search(TOKEN_CHARACTER)
  return start < 0 ? value : rest.slice(start)
}

/** The first cookie of that name, without quotation marks. */
function cookieValue(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'cookie') continue
    for (const part of fields[i + 1].split(';')) {
      const equal = part.indexOf('=')
      if (equal < 0 || part.slice(0, equal).trimStart() !== name) continue
      const value = part.slice(equal + 1)
      return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
    }
  }
  return undefined
}
