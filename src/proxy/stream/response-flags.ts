// Envoy's response flags: why a stream did not simply succeed. Short names are what %RESPONSE_FLAGS% prints.

export type ResponseFlag = keyof typeof LONG_NAMES

const LONG_NAMES = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  RFCF: 'ResponseFromCacheFilter',
  NFCF: 'NoFilterConfigFound',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
  DF: 'DnsResolutionFailed',
  DO: 'DropOverLoad',
  DR: 'DownstreamRemoteReset',
  UDO: 'UnconditionalDropOverload',
} as const

export const RESPONSE_FLAGS = Object.keys(LONG_NAMES) as readonly ResponseFlag[]

const BITS = Object.fromEntries(RESPONSE_FLAGS.map((flag, i) => [flag, 1 << i])) as Record<ResponseFlag, number>

/** The flag's own bit; the 30 flags fit one integer. */
export function flagBit(flag: ResponseFlag): number {
  return BITS[flag]
}

/** What %RESPONSE_FLAGS_LONG% prints for one flag. */
export function flagLongName(flag: ResponseFlag): string {
  return LONG_NAMES[flag]
}
