import { describe, expect, test } from '@jest/globals'
import { ResponseHeaderMap } from '../../codec/header-map.ts'
import { CircuitBreakers } from '../cluster/circuit-breakers.ts'
import { clusterStats } from '../cluster/cluster-stats.ts'
import type { StatsStore } from '../stream/stats.ts'
import { parseRetryOn } from './retry-policy.ts'
import { RetryState } from './retry-state.ts'

class CountingStore implements StatsStore {
  readonly counts: Record<string, number> = {}

  counter(name: string): { add(amount: number): void } {
    return {
      add: (amount) => {
        const stat = name.slice(name.lastIndexOf('.') + 1)
        this.counts[stat] = (this.counts[stat] ?? 0) + amount
      },
    }
  }

  gauge(): { add(): void; set(): void } {
    return { add() {}, set() {} }
  }

  histogram(): { record(): void } {
    return { record() {} }
  }
}

function state(numRetries: number, maxRetries = 3) {
  const store = new CountingStore()
  const limits = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries }
  const breakers = new CircuitBreakers(limits)
  const policy = {
    retryOn: parseRetryOn('5xx'),
    numRetries,
    perTryTimeoutMs: 0,
    perTryIdleTimeoutMs: 0,
    retriableStatusCodes: [],
    retriableRequest: undefined,
    retriableResponse: undefined,
    avoidPreviousHosts: false,
    hostSelectionMaxAttempts: 1,
    baseIntervalMs: 10,
    maxIntervalMs: 100,
  }
  return { retry: new RetryState(policy, { breakers, stats: clusterStats(store, 'c') }), breakers, store }
}

function response(status: number): ResponseHeaderMap {
  const headers = new ResponseHeaderMap()
  headers.status = status
  return headers
}

describe('retries', () => {
  test('are granted as often as the policy says, with a growing wait', () => {
    const { retry, store } = state(2)
    expect(retry.afterResponse(response(503))).toBe('retry')
    expect(retry.backoffBoundMs).toBe(10)
    expect(retry.afterReset('remote reset', true)).toBe('retry')
    expect(retry.backoffBoundMs).toBe(20)
    expect(retry.afterResponse(response(503))).toBe('exhausted')
    expect(store.counts).toEqual({ upstream_rq_retry: 2, upstream_rq_retry_limit_exceeded: 1 })
  })

  test('are not granted to what needs none', () => {
    const { retry, store } = state(2)
    expect(retry.afterResponse(response(200))).toBe('unwanted')
    expect(retry.afterReset('overflow', true)).toBe('unwanted')
    expect(store.counts).toEqual({})
  })

  test('are counted as a success when their response needs no other', () => {
    const { retry, store } = state(2)
    retry.afterResponse(response(503))
    expect(retry.afterResponse(response(404))).toBe('unwanted')
    expect(store.counts).toEqual({ upstream_rq_retry: 1, upstream_rq_retry_success: 1 })
  })
})

describe('the circuit breaker', () => {
  test('holds a retry from the moment it is granted to the next verdict', () => {
    const { retry, breakers } = state(2, 1)
    retry.afterResponse(response(503))
    expect(breakers.retries.inUse).toBe(1)
    expect(retry.afterResponse(response(503))).toBe('retry')
    expect(breakers.retries.inUse).toBe(1)
    retry.afterResponse(response(503))
    expect(breakers.retries.inUse).toBe(0)
  })

  test('lets no retry through when it is open, and the attempt is spent', () => {
    const { retry, breakers, store } = state(1, 1)
    breakers.retries.take()
    expect(retry.afterResponse(response(503))).toBe('overflow')
    breakers.retries.give()
    expect(retry.afterResponse(response(503))).toBe('exhausted')
    expect(store.counts).toEqual({ upstream_rq_retry_overflow: 1, upstream_rq_retry_limit_exceeded: 1 })
  })

  test('is left once, however often', () => {
    const { retry, breakers } = state(1)
    retry.afterResponse(response(503))
    retry.release()
    retry.release()
    expect(breakers.retries.inUse).toBe(0)
  })
})
