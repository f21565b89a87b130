import { describe, expect, test } from '@jest/globals'
import { pass, run, testDispatcher } from '../../../test/support/connections.ts'
import { CountingStats } from '../../../test/support/counting-stats.ts'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import { seededRandom } from '../../lib/random.ts'
import { CircuitBreakers } from '../cluster/circuit-breakers.ts'
import type { CircuitBreakerLimits } from '../cluster/circuit-breakers.ts'
import { clusterStats } from '../cluster/cluster-stats.ts'
import { NO_POLICY, parseRetryOn } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { RetryState } from './retry-state.ts'

const LIMITS: CircuitBreakerLimits = {
  maxConnections: 1,
  maxPendingRequests: 1,
  maxRequests: 100,
  maxRetries: 3,
  retryBudget: undefined,
}

/** The largest random number each time, so that a wait is as long as it may be. */
const LONGEST = { below: (limit: number) => Math.max(0, limit - 1) }

class Rig {
  readonly dispatcher = testDispatcher()
  readonly breakers: CircuitBreakers
  readonly retry: RetryState
  due = 0
  private readonly stats = new CountingStats()

  constructor(policy: Partial<RetryPolicy> = {}, limits: Partial<CircuitBreakerLimits> = {}, random = seededRandom(1)) {
    this.breakers = new CircuitBreakers({ ...LIMITS, ...limits })
    const owner = {
      onRetryDue: () => {
        this.due++
      },
    }
    const cluster = { breakers: this.breakers, stats: clusterStats(this.stats, 'c') }
    const whole = { ...NO_POLICY, retryOn: parseRetryOn('5xx'), numRetries: 2, baseIntervalMs: 40, ...policy }
    this.retry = new RetryState(owner, whole, cluster, { dispatcher: this.dispatcher, random })
  }

  /** Verdict on a response. */
  answered(status: number, ...fields: string[]): string {
    const headers = new ResponseHeaderMap(fields)
    headers.status = status
    let verdict = ''
    run(this.dispatcher, () => (verdict = this.retry.afterResponse(headers)))
    return verdict
  }

  /** How many retries became due within this time. */
  dueWithin(durationMs: number): number {
    const before = this.due
    pass(this.dispatcher, durationMs)
    return this.due - before
  }

  /** Statistics of retries that are not 0. */
  get counts(): Record<string, number> {
    return this.stats.of('cluster.c.upstream_rq_retry')
  }
}

describe('retries', () => {
  test('are granted as often as the policy says, with a growing wait', () => {
    const rig = new Rig({}, {}, LONGEST)
    expect(rig.answered(503)).toBe('retry')
    expect([rig.dueWithin(35), rig.retry.isPending, rig.dueWithin(10)]).toEqual([0, true, 1])
    run(rig.dispatcher, () => expect(rig.retry.afterReset('remote reset', true)).toBe('retry'))
    expect([rig.dueWithin(75), rig.retry.isPending, rig.dueWithin(10)]).toEqual([0, true, 1])
    expect(rig.answered(503)).toBe('exhausted')
    expect(rig.retry.isPending).toBe(false)
    expect(rig.counts).toEqual({ '': 2, _backoff_exponential: 2, _limit_exceeded: 1 })
  })

  test('are not granted to what needs none', () => {
    const rig = new Rig()
    expect(rig.answered(200)).toBe('unwanted')
    expect(rig.retry.afterReset('overflow', true)).toBe('unwanted')
    expect(rig.counts).toEqual({})
  })

  test('are counted as a success when their response needs no other', () => {
    const rig = new Rig()
    rig.answered(503)
    expect(rig.answered(404)).toBe('unwanted')
    expect(rig.counts).toEqual({ '': 1, _backoff_exponential: 1, _success: 1 })
  })

  test('wait as long as the response asks, or up to half as long again', () => {
    const resetHeaders = [{ name: 'retry-after', format: 'seconds' as const }]
    const rig = new Rig({ resetHeaders, maxResetIntervalMs: 5000 }, {}, LONGEST)
    expect(rig.answered(503, 'retry-after', '4')).toBe('retry')
    expect([rig.dueWithin(5990), rig.dueWithin(20)]).toEqual([0, 1])
    expect(rig.answered(503, 'retry-after', '6')).toBe('retry')
    expect(rig.dueWithin(100)).toBe(1)
    expect(rig.counts).toEqual({ '': 2, _backoff_exponential: 1, _backoff_ratelimited: 1 })
  })

  test('beside a slow attempt start at once, and need no condition', () => {
    const rig = new Rig({ retryOn: parseRetryOn('connect-failure') }, {}, LONGEST)
    run(rig.dispatcher, () => expect(rig.retry.besideSlowAttempt()).toBe('retry'))
    expect(rig.dueWithin(8)).toBe(1)
    expect(rig.counts).toEqual({ '': 1 })
  })

  test('that wait are given up on release', () => {
    const rig = new Rig()
    rig.answered(503)
    rig.retry.release()
    expect([rig.retry.isPending, rig.dueWithin(1000)]).toEqual([false, 0])
  })
})

describe('the circuit breaker', () => {
  test('holds a retry from the moment it is granted to the next verdict', () => {
    const rig = new Rig({}, { maxRetries: 1 })
    rig.answered(503)
    expect(rig.breakers.retries.inUse).toBe(1)
    expect(rig.answered(503)).toBe('retry')
    expect(rig.breakers.retries.inUse).toBe(1)
    rig.answered(503)
    expect(rig.breakers.retries.inUse).toBe(0)
  })

  test('lets no retry through when it is open, and the attempt is spent', () => {
    const rig = new Rig({ numRetries: 1 }, { maxRetries: 1 })
    rig.breakers.retries.take()
    expect(rig.answered(503)).toBe('overflow')
    rig.breakers.retries.give()
    expect(rig.answered(503)).toBe('exhausted')
    expect(rig.counts).toEqual({ _overflow: 1, _limit_exceeded: 1 })
  })

  test('is left once, however often', () => {
    const rig = new Rig()
    rig.answered(503)
    rig.retry.release()
    rig.retry.release()
    expect(rig.breakers.retries.inUse).toBe(0)
  })

  test('of a budget grows with the requests that are active or wait', () => {
    const { breakers } = new Rig({}, { retryBudget: { percent: 20, minConcurrency: 1 } })
    breakers.retries.take()
    expect(breakers.retries.isFull).toBe(true)
    for (let i = 0; i < 9; i++) breakers.requests.take()
    expect(breakers.retries.isFull).toBe(true)
    breakers.pendingRequests.take()
    expect(breakers.retries.isFull).toBe(false)
  })
})
