// Which virtual host a request belongs to: exact domain, then the longest suffix wildcard (`*.foo.com`), then the longest
// prefix wildcard (`foo.*`), then `*`. Domains and hosts are compared in lower case.

import type { Problems } from '../../lib/problems.ts'
import { asciiLower, toWireText } from '../../lib/wire-text.ts'
import type { MatchTrace } from './match-trace.ts'

export interface VirtualHostEntry<T> {
  readonly domains: readonly string[]
  readonly value: T
}

/** Wildcards of one length, by the text that remains without the `*`. */
interface Wildcards<T> {
  readonly length: number
  readonly values: Map<string, T>
}

export class VirtualHostTable<T> {
  private readonly ignorePort: boolean
  private readonly exact = new Map<string, T>()
  /** Both longest first. */
  private readonly suffixes: Wildcards<T>[] = []
  private readonly prefixes: Wildcards<T>[] = []
  private any: T | undefined = undefined

  /** `ignorePort` is ignore_port_in_host_matching. Notes domains that occur twice or hold a `*` in the middle. */
  constructor(hosts: readonly VirtualHostEntry<T>[], ignorePort: boolean, problems: Problems) {
    this.ignorePort = ignorePort
    for (const [i, host] of hosts.entries()) {
      for (const [k, domain] of host.domains.entries()) {
        const mistake = this.add(asciiLower(toWireText(domain)), host.value)
        if (mistake !== undefined) problems.at(i).at('domains').at(k).add(`"${domain}" ${mistake}`)
      }
    }
    this.suffixes.sort((a, b) => b.length - a.length)
    this.prefixes.sort((a, b) => b.length - a.length)
  }

  /** `authority` is the request's, with or without port; undefined counts as empty. */
  find(authority: string | undefined, trace?: MatchTrace): T | undefined {
    const found = this.lookup(authority ?? '')
    trace?.add(`virtual host for "${authority ?? ''}"`, found === undefined ? 'no domain matches' : 'matched')
    return found
  }

  private lookup(authority: string): T | undefined {
    if (this.exact.size === 0 && this.suffixes.length === 0 && this.prefixes.length === 0) return this.any
    const host = asciiLower(this.ignorePort ? withoutPort(authority) : authority)
    const exact = this.exact.get(host)
    if (exact !== undefined) return exact
    for (const { length, values } of this.suffixes) {
      const found = length < host.length ? values.get(host.slice(host.length - length)) : undefined
      if (found !== undefined) return found
    }
    for (const { length, values } of this.prefixes) {
      const found = length < host.length ? values.get(host.slice(0, length)) : undefined
      if (found !== undefined) return found
    }
    return this.any
  }

  private add(domain: string, value: T): string | undefined {
    if (domain === '*') {
      if (this.any !== undefined) return 'is the domain of another virtual host already'
      this.any = value
      return undefined
    }
    const text = domain.startsWith('*') ? domain.slice(1) : domain.endsWith('*') ? domain.slice(0, -1) : domain
    if (text.includes('*')) return 'may have one * only, at its beginning or end'
    const map = domain.startsWith('*')
      ? level(this.suffixes, text)
      : domain.endsWith('*')
        ? level(this.prefixes, text)
        : this.exact
    if (map.has(text)) return 'is the domain of another virtual host already'
    map.set(text, value)
    return undefined
  }
}

function level<T>(wildcards: Wildcards<T>[], text: string): Map<string, T> {
  let found = wildcards.find((one) => one.length === text.length)
  if (found === undefined) wildcards.push((found = { length: text.length, values: new Map() }))
  return found.values
}

/** Without what stands behind the last colon, a number or not; the colons of a bracketed IPv6 address are none. */
function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':')
  return colon < 0 || authority.indexOf(']', colon) >= 0 ? authority : authority.slice(0, colon)
}
