// Whether and when one request is tried again: what is left of its policy, its share of the cluster's retry circuit breaker, and
// the wait. The router makes the attempts. Envoy's counterpart is RetryStateImpl.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import type { Random } from '../../lib/random.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { askedBackoffMs, backoffBoundMs, jitteredAbove } from './retry-backoff.ts'
import { retriesReset, retriesResponse } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

/**
 * `retry`: the owner will be told when it is time. `exhausted`: it would have been tried again, but no retry is left.
 * `overflow`: the circuit breaker is open.
 */
export type RetryVerdict = 'retry' | 'unwanted' | 'exhausted' | 'overflow'

export interface RetryOwner {
  /** The wait for the retry that was granted is over. */
  onRetryDue(): void
}

export interface RetrySurroundings {
  readonly dispatcher: Pick<Dispatcher, 'timers'>
  readonly random: Random
}

export class RetryState {
  readonly policy: RetryPolicy
  private readonly owner: RetryOwner
  private readonly cluster: Pick<Cluster, 'breakers' | 'stats'>
  private readonly surroundings: RetrySurroundings
  private readonly timer: Timer<RetryState>
  private retriesLeft: number
  private retriesDone = 0
  /** A retry is due or under way, and counted by the circuit breaker. */
  private isCounted = false

  constructor(
    owner: RetryOwner,
    policy: RetryPolicy,
    cluster: Pick<Cluster, 'breakers' | 'stats'>,
    surroundings: RetrySurroundings,
  ) {
    this.owner = owner
    this.policy = policy
    this.cluster = cluster
    this.surroundings = surroundings
    this.retriesLeft = policy.numRetries
    this.timer = new Timer<RetryState>(onDue, this)
  }

  /** A retry was granted and has not begun. */
  get isPending(): boolean {
    return this.timer.isScheduled
  }

  /** Would these response headers be tried again, if it could be? */
  wants(headers: ResponseHeaderMap): boolean {
    return retriesResponse(this.policy, headers)
  }

  afterResponse(headers: ResponseHeaderMap): RetryVerdict {
    const isWanted = this.wants(headers)
    const verdict = this.judge(isWanted)
    if (verdict === 'retry') this.schedule(this.askedBackoffMs(headers))
    return verdict
  }

  /** `sentBytes`: some attempt's request reached the wire. */
  afterReset(reason: ResetReason, sentBytes: boolean): RetryVerdict {
    const verdict = this.judge(retriesReset(this.policy, reason, sentBytes))
    if (verdict === 'retry') this.schedule(0)
    return verdict
  }

  /** Another attempt beside one that is slow: wanted whatever the policy's conditions are, and at once. */
  besideSlowAttempt(): RetryVerdict {
    const verdict = this.judge(true)
    if (verdict === 'retry') this.surroundings.dispatcher.timers.schedule(this.timer, 0)
    return verdict
  }

  /** There will be no further retry. Idempotent. */
  release(): void {
    if (this.timer.isScheduled) this.surroundings.dispatcher.timers.cancel(this.timer)
    if (!this.isCounted) return
    this.isCounted = false
    this.cluster.breakers.retries.give()
  }

  /** @internal */
  due(): void {
    this.owner.onRetryDue()
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

  private askedBackoffMs(headers: ResponseHeaderMap): number {
    return this.policy.resetHeaders.length === 0 ? 0 : askedBackoffMs(this.policy, headers, Date.now())
  }

  /** @param askedMs by the response, 0 when it says nothing */
  private schedule(askedMs: number): void {
    const { dispatcher, random } = this.surroundings
    const { stats } = this.cluster
    if (askedMs > 0) {
      stats.rqRetryBackoffRatelimited.add(1)
      dispatcher.timers.schedule(this.timer, jitteredAbove(askedMs, random))
      return
    }
    stats.rqRetryBackoffExponential.add(1)
    dispatcher.timers.schedule(this.timer, random.below(backoffBoundMs(this.policy, this.retriesDone)))
  }
}

function onDue(state: RetryState): void {
  state.due()
}
