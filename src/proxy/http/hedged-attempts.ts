// Attempts that were slow and left running when another was started beside them (Envoy: hedge_on_per_try_timeout).

import type { Attempt } from './attempt.ts'

export class HedgedAttempts {
  private readonly attempts: Attempt[] = []

  add(attempt: Attempt): void {
    this.attempts.push(attempt)
  }

  includes(attempt: Attempt): boolean {
    return this.attempts.includes(attempt)
  }

  hasOther(attempt: Attempt): boolean {
    return this.attempts.some((one) => one !== attempt)
  }

  remove(attempt: Attempt): void {
    const at = this.attempts.indexOf(attempt)
    if (at >= 0) this.attempts.splice(at, 1)
  }

  cancelAllBut(winner: Attempt | undefined): void {
    for (const attempt of this.attempts) if (attempt !== winner) attempt.cancel('local reset')
    this.attempts.length = 0
  }

  /** They kept the client waiting until its time was over; returns how many they are. */
  chargeTimeouts(): number {
    for (const { host } of this.attempts) {
      host.timedOutRequests++
      host.failedRequests++
    }
    return this.attempts.length
  }
}
