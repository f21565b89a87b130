// envoy.config.route.v3.RetryPolicy as a RetryPolicy.

import type { HeaderMap } from '../../codec/header-map.ts'
import { typeNameOf } from '../../envoy/any.ts'
import { RetryPolicy_ResetHeaderFormat as ResetHeaderFormat } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type {
  HeaderMatcher,
  RetryPolicy as RetryPolicyMessage,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { OmitCanaryHostsPredicateSchema } from '../../envoy/generated/envoy/extensions/retry/host/omit_canary_hosts/v3/omit_canary_hosts_pb.js'
import { PreviousHostsPredicateSchema } from '../../envoy/generated/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileHeaderMatchers } from '../matching/header-matcher.ts'
import { durationMs } from '../stream/config-values.ts'
import { parseRetryOn } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

const DEFAULT_BACKOFF_MS = 25
const DEFAULT_MAX_RESET_MS = 300_000

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
    avoidPreviousHosts: hasPredicate(message, PreviousHostsPredicateSchema.typeName),
    avoidCanaryHosts: hasPredicate(message, OmitCanaryHostsPredicateSchema.typeName),
    hostSelectionMaxAttempts: Number(message.hostSelectionRetryMaxAttempts) || 1,
    baseIntervalMs,
    maxIntervalMs: durationMs(message.retryBackOff?.maxInterval) ?? baseIntervalMs * 10,
    resetHeaders: (message.rateLimitedRetryBackOff?.resetHeaders ?? []).map(({ name, format }) => ({
      name: name.toLowerCase(),
      format: format === ResetHeaderFormat.UNIX_TIMESTAMP ? 'unixTimestamp' : 'seconds',
    })),
    maxResetIntervalMs: durationMs(message.rateLimitedRetryBackOff?.maxInterval) ?? DEFAULT_MAX_RESET_MS,
  }
}

function hasPredicate(message: RetryPolicyMessage, typeName: string): boolean {
  return message.retryHostPredicate.some(({ configType }) => typeNameOf(configType.value?.typeUrl ?? '') === typeName)
}

function compileAnyOf(
  messages: readonly HeaderMatcher[],
  problems: Problems,
): ((headers: HeaderMap) => boolean) | undefined {
  if (messages.length === 0) return undefined
  const matchers = compileHeaderMatchers(messages, problems)
  return (headers) => matchers.some((matcher) => matcher.test(headers))
}
