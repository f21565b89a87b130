// Istio's VirtualService: how requests to hosts are routed. The fields are Istio's own (networking.istio.io/v1); those of other
// proxies than waypoints, and what is not carried out, are typed as unknown.

import type { KubernetesObject } from './object-meta.ts'

export interface VirtualService extends KubernetesObject {
  readonly kind: 'VirtualService'
  readonly spec: VirtualServiceSpec
}

export interface VirtualServiceSpec {
  /** Names, short names within the object's namespace, or `*.` and a suffix. None: a delegate. */
  readonly hosts?: readonly string[]
  /** None: `mesh`. */
  readonly gateways?: readonly string[]
  readonly http?: readonly VirtualHttpRoute[]
  readonly tls?: readonly unknown[]
  readonly tcp?: readonly unknown[]
  readonly exportTo?: readonly string[]
}

export interface VirtualHttpRoute {
  readonly name?: string
  /** One of them must hold; none: every request. */
  readonly match?: readonly VirtualHttpMatch[]
  readonly route?: readonly HttpRouteDestination[]
  readonly redirect?: HttpRedirect
  readonly directResponse?: {
    readonly status: number
    /** `bytes` in Base64. */
    readonly body?: { readonly string?: string; readonly bytes?: string }
  }
  readonly delegate?: { readonly name?: string; readonly namespace?: string }
  readonly rewrite?: HttpRewrite
  readonly timeout?: string
  readonly retries?: HttpRetry
  readonly fault?: HttpFaultInjection
  /** Deprecated for `mirrors`. */
  readonly mirror?: Destination
  readonly mirrorPercentage?: Percent
  /** Deprecated for `mirrorPercentage`. */
  readonly mirrorPercent?: number
  readonly mirror_percent?: number
  readonly mirrors?: readonly { readonly destination: Destination; readonly percentage?: Percent }[]
  readonly corsPolicy?: CorsPolicy
  readonly headers?: HeaderOperations
}

/** Matches everything that has the field when it is empty. */
export interface StringMatch {
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
}

export interface VirtualHttpMatch {
  readonly name?: string
  readonly uri?: StringMatch
  readonly ignoreUriCase?: boolean
  readonly scheme?: StringMatch
  readonly method?: StringMatch
  readonly authority?: StringMatch
  readonly headers?: Readonly<Record<string, StringMatch>>
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>
  readonly queryParams?: Readonly<Record<string, StringMatch>>
  readonly port?: number
  readonly sourceLabels?: Readonly<Record<string, string>>
  readonly sourceNamespace?: string
  readonly gateways?: readonly string[]
  readonly statPrefix?: string
}

export interface Destination {
  readonly host: string
  readonly subset?: string
  readonly port?: { readonly number?: number }
}

export interface HttpRouteDestination {
  readonly destination: Destination
  readonly weight?: number
  readonly headers?: HeaderOperations
}

export interface HeaderOperations {
  readonly request?: HeaderOperation
  readonly response?: HeaderOperation
}

export interface HeaderOperation {
  readonly set?: Readonly<Record<string, string>>
  readonly add?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
}

export interface HttpRedirect {
  readonly uri?: string
  readonly prefixRewrite?: string
  readonly authority?: string
  readonly scheme?: string
  readonly port?: number
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT'
  readonly redirectCode?: number
}

export interface HttpRewrite {
  readonly uri?: string
  readonly uriRegexRewrite?: { readonly match?: string; readonly rewrite?: string }
  readonly authority?: string
}

export interface HttpRetry {
  readonly attempts?: number
  readonly perTryTimeout?: string
  readonly retryOn?: string
  readonly backoff?: string
  readonly retryRemoteLocalities?: boolean
  readonly retryIgnorePreviousHosts?: boolean
}

export interface HttpFaultInjection {
  readonly delay?: {
    readonly percentage?: Percent
    /** Deprecated for `percentage`. */
    readonly percent?: number
    readonly fixedDelay?: string
    readonly exponentialDelay?: string
  }
  readonly abort?: {
    readonly percentage?: Percent
    readonly httpStatus?: number
    /** A name, such as `UNAVAILABLE`. */
    readonly grpcStatus?: string
    readonly http2Error?: string
  }
}

/** 0 to 100. */
export interface Percent {
  readonly value?: number
}

export interface CorsPolicy {
  readonly allowOrigins?: readonly StringMatch[]
  /** Deprecated for `allowOrigins`. */
  readonly allowOrigin?: readonly string[]
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  readonly maxAge?: string
  readonly allowCredentials?: boolean
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE'
}
