// How much the receive windows of all streams of a worker may grow together.

import type { ReceiveBudget } from '../codec/http2/options.ts'

export class WorkerReceiveBudget implements ReceiveBudget {
  private left: number

  constructor(bytes: number) {
    this.left = bytes
  }

  tryGrow(bytes: number): boolean {
    if (bytes > this.left) return false
    this.left -= bytes
    return true
  }

  release(bytes: number): void {
    this.left += bytes
  }
}
