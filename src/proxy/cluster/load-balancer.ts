// What takes the next request to a host, and what that choice may depend on. The policies are in load-balancing/.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { UInt64 } from '../../lib/uint64.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { Host } from './host.ts'
import type { MetadataMatch } from './load-balancing/metadata-match.ts'

/** What a choice may depend on. */
export interface LoadBalancerContext {
  readonly downstreamConnection: ConnectionFacts
  readonly requestHeaders: RequestHeaderMap | undefined
  /** Hosts that earlier attempts of the same request used; undefined for the first. */
  readonly attemptedHosts: readonly Host[] | undefined
  /** Undefined: nothing of the request is to decide. */
  readonly hash: UInt64 | undefined
  /** What the route wants of its hosts; undefined: nothing. */
  readonly metadataMatch: MetadataMatch | undefined
  /** How often a host was chosen already that was not wanted, for this attempt. */
  readonly refusedChoices: number
}

/** Built anew whenever the hosts change. It sees hosts, and nothing of connections. */
export interface LoadBalancer {
  chooseHost(context: LoadBalancerContext): Host | undefined
}
