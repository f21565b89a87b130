// The life of a proxy process: initializing, live, draining, ended; and who may end it.

import type { Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { ProxyOptions } from './command-options.ts'

/** Envoy's names (envoy.admin.v3.ServerInfo.State). */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING'

export class ProxyState {
  readonly startedMs = Date.now()
  readonly drainTimeMs: number
  readonly bootstrap: Bootstrap | undefined
  /** Resolves when the process is to drain and end. */
  readonly ended: Promise<void>
  private current: ServerState = 'INITIALIZING'
  private end: () => void = () => undefined

  constructor(options: ProxyOptions, bootstrap: Bootstrap | undefined) {
    this.drainTimeMs = options.drainTimeMs
    this.bootstrap = bootstrap
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

  quit(): void {
    this.current = 'DRAINING'
    this.end()
  }
}
