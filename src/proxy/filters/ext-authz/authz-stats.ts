// Statistics of the filter, and those that it keeps for the cluster to which a request is routed.

import type { Counter, StatsStore } from '../../stream/stats.ts'

export interface AuthzCounters {
  readonly ok: Counter
  readonly denied: Counter
  readonly error: Counter
  readonly invalid: Counter
  readonly failureModeAllowed: Counter
}

export class AuthzStats {
  readonly filter: AuthzCounters
  readonly disabled: Counter
  readonly ignoredMetadata: Counter
  private readonly store: StatsStore
  private readonly infix: string
  private readonly byCluster = new Map<string, AuthzCounters>()

  /** @param prefix of the connection manager; `statPrefix` is the filter's own, or ''. */
  constructor(store: StatsStore, prefix: string, statPrefix: string) {
    this.store = store
    this.infix = statPrefix === '' ? 'ext_authz.' : `ext_authz.${statPrefix}.`
    this.filter = counters(store, `${prefix}${this.infix}`)
    this.disabled = store.counter(`${prefix}${this.infix}disabled`)
    this.ignoredMetadata = store.counter(`${prefix}${this.infix}ignored_dynamic_metadata`)
  }

  /** Counts for the filter and, where the request has one, for its cluster. */
  count(name: keyof AuthzCounters, cluster: string | undefined): void {
    this.filter[name].add(1)
    if (cluster !== undefined) this.ofCluster(cluster)[name].add(1)
  }

  private ofCluster(cluster: string): AuthzCounters {
    let known = this.byCluster.get(cluster)
    if (known === undefined) {
      known = counters(this.store, `cluster.${cluster}.${this.infix}`)
      this.byCluster.set(cluster, known)
    }
    return known
  }
}

function counters(store: StatsStore, prefix: string): AuthzCounters {
  return {
    ok: store.counter(`${prefix}ok`),
    denied: store.counter(`${prefix}denied`),
    error: store.counter(`${prefix}error`),
    invalid: store.counter(`${prefix}invalid`),
    failureModeAllowed: store.counter(`${prefix}failure_mode_allowed`),
  }
}
