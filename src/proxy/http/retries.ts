// The retries of one request that may have some, and its hedges: further attempts beside a slow one. Decides what becomes of an
// attempt that failed; the router makes the attempts and passes the response on.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Host } from '../cluster/host.ts'
import type { Attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { HedgedAttempts } from './hedged-attempts.ts'
import { chooseRetryHost } from './retry-host.ts'
import type { RetryContext } from './retry-host.ts'
import type { RetryPolicy } from './retry-policy.ts'
import { RetryState } from './retry-state.ts'
import type { RetryOwner, RetryVerdict } from './retry-state.ts'

export class Retries {
  /** The retry that is due, or the last one, follows a per-try time-out. */
  isTimeoutRetry = false
  /** Where host predicates want to know. */
  usedHosts: Host[] | undefined = undefined
  private readonly exchange: Exchange
  private readonly cluster: Cluster
  private readonly policy: RetryPolicy
  private readonly state: RetryState
  private hedged: HedgedAttempts | undefined = undefined

  constructor(owner: RetryOwner, exchange: Exchange, cluster: Cluster, policy: RetryPolicy) {
    this.exchange = exchange
    this.cluster = cluster
    this.policy = policy
    this.state = new RetryState(owner, policy, cluster, exchange.manager)
  }

  /** A retry was granted and has not begun. */
  get isPending(): boolean {
    return this.state.isPending
  }

  chooseHost(cluster: Cluster, context: RetryContext): Host | undefined {
    const { policy } = this
    if (!policy.avoidPreviousHosts && !policy.avoidCanaryHosts) return cluster.chooseHost(context)
    const used = (this.usedHosts ??= [])
    const isRetry = this.exchange.info.attemptCount > 1
    const host = isRetry ? chooseRetryHost(cluster, context, policy, used) : cluster.chooseHost(context)
    if (host !== undefined) used.push(host)
    return host
  }

  /**
   * Whether a response goes no further, since the request is tried again or another attempt may do better; the attempt is over
   * then. `newest`: the attempt that was made last, if it goes on.
   */
  supersedes(attempt: Attempt, headers: ResponseHeaderMap, newest: Attempt | undefined): boolean {
    const { state } = this
    // What was hedged was tried again already.
    if (this.hedged?.includes(attempt) === true) {
      if (!state.wants(headers)) return false
    } else {
      const verdict = state.afterResponse(headers)
      if (verdict === 'unwanted') return false
      if (verdict === 'retry') {
        this.isTimeoutRetry = false
        attempt.host.failedRequests++
        this.cluster.stats.chargeRetried(headers.status)
        attempt.cancel('local reset')
        return true
      }
      this.noteRefusal(verdict)
    }
    if (!this.isAwaitingOther(attempt, newest)) return false
    attempt.host.failedRequests++
    this.drop(attempt)
    return true
  }

  /** Whether the request is tried again after an attempt broke, or took too long. */
  retriesReset(attempt: Attempt, reason: ResetReason, sentBytes: boolean, isTimeout: boolean): boolean {
    if (this.hedged?.includes(attempt) === true) return false
    const verdict = this.state.afterReset(reason, sentBytes)
    this.noteRefusal(verdict)
    if (verdict === 'retry') this.isTimeoutRetry = isTimeout
    return verdict === 'retry'
  }

  /** Whether another attempt is started beside a slow one, which goes on. */
  hedges(attempt: Attempt): boolean {
    const verdict = this.state.besideSlowAttempt()
    this.noteRefusal(verdict)
    if (verdict !== 'retry') return false
    this.isTimeoutRetry = true
    this.hedged ??= new HedgedAttempts()
    this.hedged.add(attempt)
    return true
  }

  /** Is there, or will there be, another attempt that may answer? */
  isAwaitingOther(attempt: Attempt, newest: Attempt | undefined): boolean {
    const { hedged, state } = this
    if (hedged === undefined) return false
    return state.isPending || (newest !== undefined && newest !== attempt) || hedged.hasOther(attempt)
  }

  /** The attempt is over, or its answer is not wanted. */
  drop(attempt: Attempt): void {
    attempt.cancel('local reset')
    this.hedged?.remove(attempt)
  }

  /** There is no further retry, and of the attempts at most this one is still wanted. */
  end(winner: Attempt | undefined): void {
    this.state.release()
    this.hedged?.cancelAllBut(winner)
  }

  /** The request's own time is over: so is that of the hedged attempts. */
  chargeTimeouts(): void {
    if (this.hedged !== undefined) this.cluster.stats.rqTimeout.add(this.hedged.chargeTimeouts())
  }

  /** A wish that cannot be granted is noted in the log. */
  private noteRefusal(verdict: RetryVerdict): void {
    if (verdict === 'exhausted') this.exchange.setFlag('URX')
    else if (verdict === 'overflow') this.exchange.setFlag('UO')
  }
}
