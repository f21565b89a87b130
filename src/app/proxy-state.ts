// The life of a proxy process: initializing, live, draining, ended; and who may end it.

import type { ProxyOptions } from './command-options.ts'
import type { BootstrapFacts } from './configuration-change.ts'
import type { WorkerThread } from './worker-thread.ts'

/** Envoy's names (envoy.admin.v3.ServerInfo.State). */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING'

export class ProxyState {
  readonly startedMs = Date.now()
  readonly drainTimeMs: number
  readonly bootstrap: BootstrapFacts | undefined
  /** Of the program. */
  readonly version: string
  /** Resolves when the process is to drain and end. */
  readonly ended: Promise<void>
  private current: ServerState = 'INITIALIZING'
  private end: () => void = () => undefined

  constructor(options: ProxyOptions, bootstrap: BootstrapFacts | undefined, version: string) {
    this.drainTimeMs = options.drainTimeMs
    this.bootstrap = bootstrap
    this.version = version
    this.ended = new Promise((resolve) => (this.end = resolve))
    process.once('SIGTERM', () => this.quit())
    process.once('SIGINT', () => this.quit())
  }

  get server(): ServerState {
    return this.current
  }

  live(): void {
    this.current = 'LIVE'
  }

  /** `POST /healthcheck/fail` and `/healthcheck/ok`. */
  failHealthCheck(failed: boolean): void {
    this.current = failed ? 'DRAINING' : 'LIVE'
  }

  /** `POST /drain_listeners`: graceful ones go on accepting for the drain time. */
  drainListeners(workers: readonly WorkerThread[], graceful: boolean, skipExit: boolean): void {
    if (!graceful) for (const worker of workers) worker.stopListening()
    else for (const worker of workers) worker.drainConnections(this.drainTimeMs, skipExit)
  }

  quit(): void {
    this.current = 'DRAINING'
    this.end()
  }
}
