// The few values that policies and requests are made of, and how they are drawn.

import { seededRandom, type Random } from '../../src/lib/random.ts'

export class Dice {
  private readonly random: Random

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  below(limit: number): number {
    return this.random.below(limit)
  }

  /** True once in `n` throws. */
  once(n: number): boolean {
    return this.random.below(n) === 0
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]
  }

  /** Between `least` and `most` things. */
  some<T>(least: number, most: number, one: () => T): T[] {
    return Array.from({ length: least + this.random.below(most - least + 1) }, one)
  }
}

export const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const
export const segments = [
  'a',
  'b',
  'admin',
  'Admin',
  'api',
  'v1',
  'v22',
  'x.txt',
  'a-b',
  '%41',
  '~',
  "it's",
  'a=b',
] as const
export const headerNames = ['x-a', 'x-b', 'x-c'] as const
export const headerValues = ['', 'a', 'A', 'ab', 'b', 'admin', 'Admin', 'a,b', '12', '7', 'end-a', 'ü'] as const
export const hosts = ['a', 'b', 'A', 'ab', 'a.b'] as const
export const namespaces = ['ns1', 'ns2', 'other', 'n'] as const
export const accounts = ['sa1', 'sa2', 'sa1-x', 'a.b'] as const
export const trustDomains = ['cluster.local', 'td1', 'td2'] as const
export const issuers = ['https://issuer.test', 'issuer', 'other'] as const
export const subjects = ['sub', 'subject', 'admin'] as const
export const words = ['g1', 'g2', 'group', 'admin', 'x'] as const
export const regexes = [
  '.+', '.*', 'a+', 'a|b', '[a-z]+', '(?i)admin', '/a(/.*)?', '/v[0-9]+/.*', '.*[.]txt', '\\d{1,2}', '^a$', '[^/]*', 'spiffe://.*/sa/sa1',
] as const // prettier-ignore
export const addresses = ['127.0.0.1', '127.0.0.2', '127.1.2.3'] as const
export const forwardedAddresses = ['203.0.113.9', '10.1.2.3', '2001:db8::1', '127.0.0.1'] as const
export const ranges = [
  ['127.0.0.0', 8], ['127.0.0.1', 32], ['127.0.0.0', 30], ['127.1.0.0', 16], ['0.0.0.0', 0], ['203.0.113.0', 24], ['203.0.113.9', 32],
  ['10.0.0.0', 8], ['10.1.2.3', 31], ['::', 0], ['2001:db8::', 32], ['2001:db8::1', 128],
] as const // prettier-ignore

/** `spiffe://domain/ns/namespace/sa/account`. */
export function spiffeId(dice: Dice): string {
  return `spiffe://${dice.pick(trustDomains)}/ns/${dice.pick(namespaces)}/sa/${dice.pick(accounts)}`
}

export function path(dice: Dice): string {
  if (dice.once(8)) return '/'
  let text = ''
  for (const segment of dice.some(1, 4, () => dice.pick(segments))) text += `/${segment}`
  if (dice.once(8)) text += '/'
  if (dice.once(20)) text = text.replace('/', '//')
  return text
}
