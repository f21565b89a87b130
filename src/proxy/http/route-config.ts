// Routes as plain runtime values. Lookup is RouteTable's (matching/); what a route does is here; the router does it.

import type { MetadataMatch } from '../cluster/load-balancing/metadata-match.ts'
import type { HeaderMutation } from '../format/header-mutation.ts'
import type { HashPolicy } from './hash-policy.ts'
import type { RouteFacts } from '../stream/stream-info.ts'
import type { MirrorPolicy } from './mirror-policy.ts'
import type { RouteLookup } from './route-lookup.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { PathRewrite } from './path-rewrite.ts'

/** A route's own configuration of one filter; `disabled` skips the filter there. */
export interface PerFilterConfig {
  readonly disabled: boolean
  /** Undefined: the filter's own. */
  readonly runtime: unknown
}

/** Indexed by the filter's slot; a hole means the filter's own configuration. */
export type PerFilterConfigs = readonly (PerFilterConfig | undefined)[]

export interface RouteConfig {
  readonly name: string
  readonly lookup: RouteLookup
  /** By slot: does any route configure this filter? Where not, filters run without a route lookup. */
  readonly configuredFilters: readonly boolean[]
  readonly internalOnlyHeaders: readonly string[]
}

export interface VirtualHostFacts {
  readonly name: string
  readonly includeAttemptCountInRequest: boolean
  readonly includeAttemptCountInResponse: boolean
  readonly includeIsTimeoutRetryHeader: boolean
  readonly requireTls: 'none' | 'externalOnly' | 'all'
}

export interface Route extends RouteFacts {
  readonly virtualHost: VirtualHostFacts
  readonly perFilter: PerFilterConfigs
  /** In the order in which they apply: route first unless the most specific wins. */
  readonly requestMutations: readonly HeaderMutation[]
  readonly responseMutations: readonly HeaderMutation[]
  readonly action: ClusterAction | RedirectAction | DirectResponseAction
}

export interface WeightedCluster {
  readonly name: string
  readonly weight: number
  readonly requestMutations: readonly HeaderMutation[]
  readonly responseMutations: readonly HeaderMutation[]
  readonly perFilter: PerFilterConfigs
  readonly hostRewrite: string
  /** The route's included. */
  readonly metadataMatch: MetadataMatch | undefined
}

export type ClusterChoice =
  | { readonly kind: 'single'; readonly name: string }
  | { readonly kind: 'header'; readonly header: string }
  | {
      readonly kind: 'weighted'
      readonly clusters: readonly WeightedCluster[]
      readonly totalWeight: number
      /** Request header whose number picks instead of chance; '' for none. */
      readonly randomValueHeader: string
    }

export type HostRewrite =
  | { readonly kind: 'none' }
  | { readonly kind: 'literal'; readonly host: string }
  /** The chosen host's hostname. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'header'; readonly header: string }
  | { readonly kind: 'pathRegex'; rewrite(path: string): string }

export interface UpgradeConfig {
  readonly enabled: boolean
  /** CONNECT is terminated here: its bytes go to the cluster as they are. */
  readonly terminatesConnect: boolean
  readonly allowPost: boolean
}

/** Times in milliseconds; 0 means never, undefined not set. */
export interface ClusterAction {
  readonly kind: 'cluster'
  readonly clusters: ClusterChoice
  readonly clusterNotFoundStatus: number
  readonly timeoutMs: number
  readonly idleTimeoutMs: number | undefined
  readonly maxGrpcTimeoutMs: number | undefined
  readonly grpcTimeoutOffsetMs: number
  readonly maxStreamDurationMs: number | undefined
  /** The cap of grpc-timeout as a limit of the whole stream, in place of `maxStreamDurationMs`. */
  readonly grpcTimeoutHeaderMaxMs: number | undefined
  readonly grpcTimeoutHeaderOffsetMs: number
  readonly retryPolicy: RetryPolicy | undefined
  /** Copies of the request. */
  readonly mirrors: readonly MirrorPolicy[]
  readonly metadataMatch: MetadataMatch | undefined
  /** In order; undefined: nothing is hashed. */
  readonly hashPolicies: readonly HashPolicy[] | undefined
  readonly hedgesOnPerTryTimeout: boolean
  readonly pathRewrite: PathRewrite | undefined
  readonly hostRewrite: HostRewrite
  readonly appendXForwardedHost: boolean
  /** By upgrade type, lower-case; overrides the connection manager's. */
  readonly upgrades: ReadonlyMap<string, UpgradeConfig>
  readonly priority: 'default' | 'high'
  /** Bodies kept for retries; undefined: the connection's buffer limit. */
  readonly retryBufferLimitBytes: number | undefined
}

export interface RedirectAction {
  readonly kind: 'redirect'
  readonly status: number
  /** The value of `location` for a request. */
  location(request: RedirectedRequest): string
}

export interface RedirectedRequest {
  readonly scheme: string
  readonly authority: string
  /** With query. */
  readonly path: string
}

export interface DirectResponseAction {
  readonly kind: 'directResponse'
  readonly status: number
  readonly body: string
}
