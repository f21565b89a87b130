// The keys of a provider: fixed ones, or a set fetched from the issuer, kept for a while and fetched again. Requests that come
// while a fetch runs wait for that one.

import { Timer } from '../../../lib/timer-wheel.ts'
import type { TimerWheel } from '../../../lib/timer-wheel.ts'
import { parseJwks } from './jwks.ts'
import type { Jwks } from './jwks.ts'

/** Undefined: there are no keys, and none could be got. */
export type Keys = Jwks | undefined

export interface ProviderKeys {
  readonly isRemote: boolean
  current(): Keys | Promise<Keys>
  /** Fetches ahead of requests, if it is configured to. */
  start(): void
  stop(): void
}

/** local_jwks. Undefined keys: the text was no usable set, and every token of the provider fails, as in Envoy. */
export function fixedKeys(keys: Keys): ProviderKeys {
  return { isRemote: false, current: () => keys, start() {}, stop() {} }
}

/** How a set is got; HTTP is not this room's business. */
export interface FetchJwks {
  /** The body of a 200 response, or undefined. Called once, later or within the call. */
  (done: (body: Buffer | undefined) => void): void
}

export interface RemoteKeysConfig {
  readonly cacheMs: number
  /** async_fetch: keys are got before they are needed and again before they expire, and last until better ones come. */
  readonly prefetches: boolean
  readonly failedRefetchMs: number
  readonly retries: number
  readonly retryBaseMs: number
  readonly retryMaxMs: number
}

export interface RemoteKeysSurroundings {
  readonly timers: TimerWheel
  now(): number
  /** An integer below `bound`. */
  random(bound: number): number
  onFetched(succeeded: boolean): void
}

/** A prefetched set is fetched again so long before it expires that requests never wait. */
const REFETCH_AHEAD_MS = 5000
/** After a failed fetch on demand the next waits, twice as long each time, so that a broken issuer is not also flooded. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 30_000

export class RemoteKeys implements ProviderKeys {
  readonly isRemote = true
  private readonly fetchJwks: FetchJwks
  private readonly config: RemoteKeysConfig
  private readonly surroundings: RemoteKeysSurroundings
  private readonly timer: Timer<RemoteKeys>
  private keys: Keys = undefined
  private expiresMs = 0
  private running: Promise<Keys> | undefined = undefined
  private settle: ((keys: Keys) => void) | undefined = undefined
  private triesLeft = 0
  private retryMs = 0
  private failures = 0
  private pausedUntilMs = 0
  private isStopped = true

  constructor(fetchJwks: FetchJwks, config: RemoteKeysConfig, surroundings: RemoteKeysSurroundings) {
    this.fetchJwks = fetchJwks
    this.config = config
    this.surroundings = surroundings
    this.timer = new Timer<RemoteKeys>(onTimer, this)
  }

  current(): Keys | Promise<Keys> {
    const nowMs = this.surroundings.now()
    if (this.keys !== undefined && (this.config.prefetches || nowMs < this.expiresMs)) return this.keys
    if (this.running !== undefined) return this.running
    return nowMs < this.pausedUntilMs ? undefined : this.fetch()
  }

  start(): void {
    this.isStopped = false
    if (this.config.prefetches && this.keys === undefined && this.running === undefined) void this.fetch()
  }

  /** A fetch that runs goes on: requests may be waiting for it. */
  stop(): void {
    this.isStopped = true
    if (this.running === undefined && this.timer.isScheduled) this.surroundings.timers.cancel(this.timer)
  }

  /** @internal The next try of a running fetch, or the next fetch ahead of time. */
  onTimer(): void {
    if (this.running !== undefined) this.tryOnce()
    else if (!this.isStopped) void this.fetch()
  }

  private fetch(): Promise<Keys> {
    const { config } = this
    this.triesLeft = config.retries
    this.retryMs = config.retryBaseMs
    const running = new Promise<Keys>((resolve) => (this.settle = resolve))
    this.running = running
    if (this.timer.isScheduled) this.surroundings.timers.cancel(this.timer)
    this.tryOnce()
    return running
  }

  private tryOnce(): void {
    this.fetchJwks((body) => {
      if (body === undefined && this.triesLeft > 0) {
        this.triesLeft--
        this.schedule(this.surroundings.random(Math.max(1, Math.ceil(this.retryMs))))
        this.retryMs = Math.min(this.retryMs * 2, this.config.retryMaxMs)
        return
      }
      this.fetched(body === undefined || body.length === 0 ? undefined : parseJwks(body))
    })
  }

  private fetched(keys: Keys): void {
    const { config, surroundings, settle } = this
    const nowMs = surroundings.now()
    this.running = undefined
    surroundings.onFetched(keys !== undefined)
    if (keys !== undefined) {
      this.keys = keys
      this.expiresMs = nowMs + config.cacheMs
      this.failures = 0
    } else {
      this.pausedUntilMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS)
    }
    if (config.prefetches && !this.isStopped) {
      const aheadMs = config.cacheMs > REFETCH_AHEAD_MS ? config.cacheMs - REFETCH_AHEAD_MS : config.cacheMs
      this.schedule(keys === undefined ? config.failedRefetchMs : aheadMs)
    }
    settle?.(keys)
  }

  private schedule(delayMs: number): void {
    this.surroundings.timers.schedule(this.timer, delayMs)
  }
}

function onTimer(keys: RemoteKeys): void {
  keys.onTimer()
}
