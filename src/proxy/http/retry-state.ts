// Whether one request is tried again: what is left of its policy, and its share of the cluster's retry circuit breaker. It does
// not act: the router makes the attempts. Envoy's counterpart is RetryStateImpl.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { backoffBoundMs, retriesReset, retriesResponse } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** `exhausted`: it would have been tried again, but no retry is left. `overflow`: the circuit breaker is open. */
export type RetryVerdict = 'retry' | 'unwanted' | 'exhausted' | 'overflow'

export class RetryState {
  readonly policy: RetryPolicy
  private readonly cluster: Pick<Cluster, 'breakers' | 'stats'>
  private retriesLeft: number
  private retriesDone = 0
  /** A retry is due or under way, and counted by the circuit breaker. */
  private isCounted = false

  constructor(policy: RetryPolicy, cluster: Pick<Cluster, 'breakers' | 'stats'>) {
    this.policy = policy
    this.cluster = cluster
    this.retriesLeft = policy.numRetries
  }

  afterResponse(headers: ResponseHeaderMap): RetryVerdict {
    return this.judge(retriesResponse(this.policy, headers))
  }

  /** `sentBytes`: some attempt's request reached the wire. */
  afterReset(reason: ResetReason, sentBytes: boolean): RetryVerdict {
    return this.judge(retriesReset(this.policy, reason, sentBytes))
  }

  /** Upper bound of the wait before the retry that was just granted: a uniform integer below it is waited. */
  get backoffBoundMs(): number {
    return backoffBoundMs(this.policy, this.retriesDone)
  }

  /** There will be no further retry. Idempotent. */
  release(): void {
    if (!this.isCounted) return
    this.isCounted = false
    this.cluster.breakers.retries.give()
  }

  private judge(isWanted: boolean): RetryVerdict {
    const { breakers, stats } = this.cluster
    if (this.isCounted && !isWanted) stats.rqRetrySuccess.add(1)
    this.release()
    if (!isWanted) return 'unwanted'
    if (this.retriesLeft === 0) {
      stats.rqRetryLimitExceeded.add(1)
      return 'exhausted'
    }
    this.retriesLeft--
    if (breakers.retries.isFull) {
      stats.rqRetryOverflow.add(1)
      return 'overflow'
    }
    this.isCounted = true
    breakers.retries.take()
    this.retriesDone++
    stats.rqRetry.add(1)
    return 'retry'
  }
}
