// A connection manager's configuration as plain runtime values: what `compileHttpConnectionManager` makes of Envoy's message.

import type { Http1Options } from '../../codec/http1/http1-options.ts'
import type { Http2Options } from '../../codec/http2/options.ts'
import type { AccessLogger } from './access-logger.ts'
import type { HcmStats } from './hcm-stats.ts'
import type { LocalInfo } from './local-info.ts'
import type { LocalReplyRewrite } from './local-reply-rewrite.ts'
import type { Pipeline } from './pipeline.ts'
import type { RouteConfig } from './route-config.ts'
import type { StrictChecks } from './strict-headers.ts'

export type ForwardClientCert = 'sanitize' | 'forwardOnly' | 'appendForward' | 'sanitizeSet' | 'alwaysForwardOnly'

/** Which facts of the client's certificate a new x-forwarded-client-cert element carries, besides By and Hash. */
export interface ClientCertDetails {
  readonly cert: boolean
  readonly chain: boolean
  readonly subject: boolean
  readonly uri: boolean
  readonly dns: boolean
}

/** All times in milliseconds; 0 means never. */
export interface HcmConfig {
  readonly statPrefix: string
  readonly stats: HcmStats
  readonly codec: 'auto' | 'http1' | 'http2'
  readonly http1: Http1Options
  readonly http2: Http2Options
  readonly keepaliveIntervalMs: number
  readonly keepaliveTimeoutMs: number
  readonly routes: RouteConfig
  readonly pipeline: Pipeline
  readonly accessLoggers: readonly AccessLogger[]

  readonly localInfo: LocalInfo
  readonly serverName: string
  readonly serverHeader: 'overwrite' | 'appendIfAbsent' | 'passThrough'
  readonly via: string
  readonly addUserAgent: boolean
  readonly useRemoteAddress: boolean
  readonly xffNumTrustedHops: number
  readonly skipXffAppend: boolean
  readonly appendXForwardedPort: boolean
  /** Addresses whose requests count as internal. */
  isInternalAddress(ip: string): boolean
  readonly forwardClientCert: ForwardClientCert
  readonly clientCertDetails: ClientCertDetails
  /** '' leaves the scheme as it came. */
  readonly schemeOverwrite: string
  readonly generateRequestId: boolean
  readonly preserveExternalRequestId: boolean
  readonly alwaysSetRequestIdInResponse: boolean
  readonly packTraceReason: boolean
  readonly proxy100Continue: boolean
  readonly normalizePath: boolean
  readonly mergeSlashes: boolean
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'forward'
  /** Envoy's default; Istio's bootstrap has the fragment stripped instead. */
  readonly rejectPathWithFragment: boolean
  readonly stripPort: 'none' | 'matching' | 'any'
  readonly stripTrailingHostDot: boolean
  /** HTTP/1: the connection goes on after a 400 of the proxy's own. */
  readonly streamErrorOnInvalidHttpMessage: boolean
  /** Upgrade type (lower-case) -> enabled. */
  readonly upgrades: ReadonlyMap<string, boolean>
  /** From the router filter: no x-envoy-* headers are added. */
  readonly suppressEnvoyHeaders: boolean
  readonly strictChecks: StrictChecks
  /** From the router filter: x-envoy-expected-rq-timeout-ms of a proxy before this one is the time-out. */
  readonly respectExpectedTimeout: boolean
  /** Undefined: responses of the proxy's own stay as they are. */
  readonly localReplies: LocalReplyRewrite | undefined

  readonly streamIdleTimeoutMs: number
  readonly connectionIdleTimeoutMs: number
  readonly maxConnectionDurationMs: number
  readonly maxRequestsPerConnection: number
  readonly requestTimeoutMs: number
  readonly requestHeadersTimeoutMs: number
  readonly maxStreamDurationMs: number
  readonly drainTimeoutMs: number
  readonly delayedCloseTimeoutMs: number
  /** Per-connection buffer limit of the listener: bodies that a filter holds, and the retry buffer. */
  readonly bufferLimitBytes: number
}

/** Lets running connections see a changed configuration: read at the start of each request. */
export interface HcmCell {
  current: HcmConfig
}
