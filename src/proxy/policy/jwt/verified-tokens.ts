// Tokens whose signatures were verified, so that the next request with one costs a look-up. What depends on time, audience or
// location is judged anew for every request; keys that were replaced verify nothing any more.

import { Lru } from '../../../lib/lru.ts'
import type { Counter } from '../../stream/stats.ts'
import type { Jwks } from './jwks.ts'
import type { Jwt } from './jwt.ts'

export interface VerifiedToken {
  readonly jwt: Jwt
  /** Which set verified it. */
  readonly keys: Jwks
}

export interface VerifiedTokensConfig {
  readonly maxTokens: number
  /** Longer tokens are not kept. */
  readonly maxTokenLength: number
}

export class VerifiedTokens {
  private readonly tokens: Lru<string, VerifiedToken>
  private readonly maxTokenLength: number
  private readonly hits: Counter
  private readonly misses: Counter

  constructor(config: VerifiedTokensConfig, hits: Counter, misses: Counter) {
    this.tokens = new Lru(config.maxTokens)
    this.maxTokenLength = config.maxTokenLength
    this.hits = hits
    this.misses = misses
  }

  /** Looks for any provider's tokens are not counted, as in Envoy, which has no cache for them. */
  find(text: string, isCounted: boolean): VerifiedToken | undefined {
    const found = text.length > this.maxTokenLength ? undefined : this.tokens.get(text)
    if (isCounted) (found === undefined ? this.misses : this.hits).add(1)
    return found
  }

  add(text: string, token: VerifiedToken): void {
    if (text.length <= this.maxTokenLength) this.tokens.set(text, token)
  }
}
