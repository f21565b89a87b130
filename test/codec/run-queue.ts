// For tests: what a codec defers waits here until the test lets it run.

import type { Defer } from '../../src/codec/http2/options.ts'

export class RunQueue {
  private readonly tasks: (() => void)[] = []

  readonly defer: Defer = (task, argument) => {
    this.tasks.push(() => task(argument))
  }

  get size(): number {
    return this.tasks.length
  }

  /** Runs everything, also what is deferred meanwhile. */
  run(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) task()
  }
}
