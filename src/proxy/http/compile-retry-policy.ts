// envoy.config.route.v3.RetryPolicy as a RetryPolicy.

import type { HeaderMap } from '../../codec/header-map.ts'
import type {
  HeaderMatcher,
  RetryPolicy as RetryPolicyMessage,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileHeaderMatchers } from '../matching/header-matcher.ts'
import { durationMs } from '../stream/config-values.ts'
import { parseRetryOn } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

const DEFAULT_BACKOFF_MS = 25

export function compileRetryPolicy(message: RetryPolicyMessage, problems: Problems): RetryPolicy {
  const baseIntervalMs = durationMs(message.retryBackOff?.baseInterval) ?? DEFAULT_BACKOFF_MS
  return {
    retryOn: parseRetryOn(message.retryOn),
    numRetries: message.numRetries ?? 1,
    perTryTimeoutMs: durationMs(message.perTryTimeout) ?? 0,
    perTryIdleTimeoutMs: durationMs(message.perTryIdleTimeout) ?? 0,
    retriableStatusCodes: message.retriableStatusCodes,
    retriableRequest: compileAnyOf(message.retriableRequestHeaders, problems.at('retriable_request_headers')),
    retriableResponse: compileAnyOf(message.retriableHeaders, problems.at('retriable_headers')),
    avoidPreviousHosts: message.retryHostPredicate.some((one) => one.name.endsWith('previous_hosts')),
    hostSelectionMaxAttempts: Number(message.hostSelectionRetryMaxAttempts) || 1,
    baseIntervalMs,
    maxIntervalMs: durationMs(message.retryBackOff?.maxInterval) ?? baseIntervalMs * 10,
  }
}

function compileAnyOf(
  messages: readonly HeaderMatcher[],
  problems: Problems,
): ((headers: HeaderMap) => boolean) | undefined {
  if (messages.length === 0) return undefined
  const matchers = compileHeaderMatchers(messages, problems)
  return (headers) => matchers.some((matcher) => matcher.test(headers))
}
