// A request and the connection that it comes on.

import type { Dice } from './vocabulary.ts'
import {
  addresses,
  forwardedAddresses,
  headerNames,
  headerValues,
  hosts,
  issuers,
  methods,
  path,
  spiffeId,
  subjects,
  words,
} from './vocabulary.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface PolicyRequest {
  readonly method: string
  readonly authority: string
  readonly path: string
  /** In this order; a name may occur twice. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The client's identity, in filter state; none if undefined. */
  readonly principal: string | undefined
  /** What a verified token would leave in dynamic metadata. */
  readonly claims: { [key: string]: Json } | undefined
  /** Values of X-Forwarded-For, the client's own last. */
  readonly forwardedFor: readonly string[]
  /** One of `connections`. */
  readonly connection: PolicyConnection
}

export interface PolicyConnection {
  readonly source: string
  readonly destination: string
  /** An index: the oracle knows the ports. */
  readonly port: 0 | 1
}

/** The connections that requests come on. */
export const connections: readonly PolicyConnection[] = addresses.flatMap((source) =>
  addresses.flatMap((destination) => ([0, 1] as const).map((port) => ({ source, destination, port }))),
)

/** `policy` is the number of the policy that is asked: it is part of the authority. */
export function randomRequest(dice: Dice, policy: number): PolicyRequest {
  const query = dice.once(4) ? dice.pick(['?', '?q=1', '?/admin', '?a/b']) : ''
  return {
    method: dice.pick(methods),
    authority: `${dice.pick(hosts)}.p${policy}.test`,
    path: path(dice) + query,
    headers: dice.some(0, 4, () => [dice.pick(headerNames), dice.pick(headerValues)] as const),
    principal: dice.once(8) ? undefined : spiffeId(dice),
    claims: dice.once(3) ? undefined : randomClaims(dice),
    forwardedFor: dice.once(2) ? [] : dice.some(1, 2, () => dice.pick(forwardedAddresses)),
    connection: dice.pick(connections),
  }
}

function randomClaims(dice: Dice): { [key: string]: Json } {
  const claims: { [key: string]: Json } = {}
  const maybe = (key: string, value: () => Json) => {
    if (!dice.once(4)) claims[key] = value()
  }
  maybe('iss', () => dice.pick(issuers))
  maybe('sub', () => dice.pick(subjects))
  maybe('aud', () => (dice.once(2) ? dice.pick(words) : dice.some<Json>(0, 3, () => dice.pick(words))))
  maybe('azp', () => dice.pick(words))
  maybe('groups', () => dice.some<Json>(0, 3, () => (dice.once(5) ? dice.below(3) : dice.pick(words))))
  maybe('nested', () =>
    dice.once(5) ? dice.pick(words) : { key: dice.pick(words), deep: { list: [dice.pick(words)] } },
  )
  maybe('level', () => dice.pick([0, 1, 2.5, -3, 1e9]))
  maybe('flag', () => dice.once(2))
  maybe('nothing', () => null)
  return claims
}
