import { expect, test } from '@jest/globals'
import { jwksOf, signingKey } from '../../../../test/support/json-web-tokens.ts'
import { TimerWheel } from '../../../lib/timer-wheel.ts'
import { RemoteKeys } from './provider-keys.ts'
import type { Keys, RemoteKeysConfig } from './provider-keys.ts'

const JWKS = Buffer.from(jwksOf(signingKey('EdDSA')))
const CONFIG: RemoteKeysConfig = {
  cacheMs: 60_000,
  prefetches: false,
  failedRefetchMs: 1000,
  retries: 0,
  retryBaseMs: 1000,
  retryMaxMs: 10_000,
}

/** Keys whose fetches the test answers, and whose time it moves. */
class Issuer {
  readonly keys: RemoteKeys
  readonly fetched: boolean[] = []
  fetches = 0
  private nowMs = 0
  private waiting: ((body: Buffer | undefined) => void)[] = []
  private readonly timers: TimerWheel

  constructor(config: Partial<RemoteKeysConfig> = {}) {
    this.timers = new TimerWheel({
      now: () => this.nowMs,
      wakeIn: () => undefined,
      fire: (fire, owner) => fire(owner),
    })
    this.keys = new RemoteKeys(
      (done) => {
        this.fetches++
        this.waiting.push(done)
      },
      { ...CONFIG, ...config },
      {
        timers: this.timers,
        now: () => this.nowMs,
        random: (bound) => bound - 1,
        onFetched: (succeeded) => void this.fetched.push(succeeded),
      },
    )
  }

  pass(durationMs: number): void {
    this.nowMs += durationMs
    this.timers.advance()
  }

  answer(body: Buffer | undefined): void {
    for (const done of this.waiting.splice(0)) done(body)
  }

  /** Whether a request gets keys, with `body` as the answer where it has to wait for one. */
  async hasKeys(body: Buffer | undefined): Promise<boolean> {
    const keys: Keys | Promise<Keys> = this.keys.current()
    this.answer(body)
    return (await keys) !== undefined
  }
}

test('keys are fetched when they are first needed, and kept until they expire', async () => {
  const issuer = new Issuer()
  issuer.keys.start()
  expect(issuer.fetches).toBe(0)
  expect(await issuer.hasKeys(JWKS)).toBe(true)
  issuer.pass(59_999)
  expect(issuer.keys.current()).not.toBeInstanceOf(Promise)
  expect(issuer.fetches).toBe(1)
  issuer.pass(1)
  expect(issuer.keys.current()).toBeInstanceOf(Promise)
  expect(issuer.fetches).toBe(2)
})

test('requests that come during a fetch wait for that one', async () => {
  const issuer = new Issuer()
  const first = issuer.keys.current()
  const second = issuer.keys.current()
  issuer.answer(JWKS)
  expect((await first)?.keys).toHaveLength(1)
  expect(await second).toBe(await first)
  expect(issuer.fetches).toBe(1)
})

test('expired keys are not used when no new ones can be got', async () => {
  const issuer = new Issuer()
  expect(await issuer.hasKeys(JWKS)).toBe(true)
  issuer.pass(60_000)
  expect(await issuer.hasKeys(undefined)).toBe(false)
})

test('after a failure requests fail without a fetch, for a time that doubles', async () => {
  const issuer = new Issuer()
  const pauses: number[] = []
  for (let failure = 0; failure < 7; failure++) {
    expect(await issuer.hasKeys(undefined)).toBe(false)
    let waitedMs = 0
    for (const { fetches } = issuer; issuer.fetches === fetches; waitedMs += 500) {
      expect(issuer.keys.current()).toBeUndefined()
      issuer.pass(500)
      void issuer.keys.current()
    }
    pauses.push(waitedMs)
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(issuer.fetched).toEqual(Array(7).fill(false))
})

test('a body that is no key set is a failure', async () => {
  const issuer = new Issuer()
  expect(await issuer.hasKeys(Buffer.from('{"keys":[]}'))).toBe(false)
  expect(issuer.fetched).toEqual([false])
})

test('a failed try is repeated after a pause, as often as configured', async () => {
  const issuer = new Issuer({ retries: 2 })
  const keys = issuer.keys.current()
  issuer.answer(undefined)
  expect(issuer.fetches).toBe(1)
  issuer.pass(1000)
  expect(issuer.fetches).toBe(2)
  issuer.answer(undefined)
  issuer.pass(1000)
  expect(issuer.fetches).toBe(2)
  issuer.pass(1000)
  issuer.answer(undefined)
  expect(await keys).toBeUndefined()
  expect(issuer.fetches).toBe(3)
  expect(issuer.fetched).toEqual([false])
})

test('prefetched keys are there before the first request and are replaced before they expire', () => {
  const issuer = new Issuer({ prefetches: true })
  issuer.keys.start()
  issuer.answer(JWKS)
  const first = issuer.keys.current()
  expect(first).not.toBeInstanceOf(Promise)
  issuer.pass(54_999)
  expect(issuer.fetches).toBe(1)
  issuer.pass(1)
  expect(issuer.fetches).toBe(2)
  expect(issuer.keys.current()).toBe(first)
  issuer.answer(JWKS)
  expect(issuer.keys.current()).not.toBe(first)
})

test('prefetched keys outlast their issuer, which is asked again and again', () => {
  const issuer = new Issuer({ prefetches: true, failedRefetchMs: 3000 })
  issuer.keys.start()
  issuer.answer(JWKS)
  issuer.pass(55_000)
  issuer.answer(undefined)
  issuer.pass(3000)
  issuer.answer(undefined)
  issuer.pass(3000)
  expect(issuer.fetches).toBe(4)
  expect(issuer.keys.current()).toMatchObject({ keys: [{ family: 'EdDSA' }] })
})

test('nothing is fetched ahead once the configuration is gone, but who waits is served', async () => {
  const issuer = new Issuer({ prefetches: true })
  issuer.keys.start()
  const waiting = issuer.keys.current()
  issuer.keys.stop()
  issuer.answer(JWKS)
  expect(await waiting).toBeDefined()
  issuer.pass(600_000)
  expect(issuer.fetches).toBe(1)
})
