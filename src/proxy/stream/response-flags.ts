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

export const RESPONSE_FLAGS: readonly ResponseFlag[] = flagsInOrder()

const BITS = new Map(RESPONSE_FLAGS.map((flag, i) => [flag, 1 << i]))

/** The flag's own bit; the 30 flags fit one integer. */
export function flagBit(flag: ResponseFlag): number {
  return BITS.get(flag)!
}

/** What %RESPONSE_FLAGS_LONG% prints for one flag. */
export function flagLongName(flag: ResponseFlag): string {
  return LONG_NAMES[flag]
}

function flagsInOrder(): ResponseFlag[] {
  const flags: ResponseFlag[] = []
  for (const flag in LONG_NAMES) flags.push(flag as ResponseFlag)
  return flags
}
