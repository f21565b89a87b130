// Retries of a VirtualService -> Envoy's retry policy, over Istio's default.

import { PreviousPrioritiesConfigSchema } from '../../envoy/generated/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js'
import type { HttpRetry } from '../../resources/virtual-service.ts'
import { any, optionalDuration } from '../envoy-message.ts'
import { defaultRetryPolicy, type RetryPolicyInit } from '../routes/retry-policy.ts'

/** Undefined: no retries. With `sameHost`, a hash chooses the host, so there is no other to try. */
export function retries(retry: HttpRetry | undefined, sameHost: boolean): RetryPolicyInit | undefined {
  if (retry?.attempts === 0) return undefined
  const perTryTimeout = optionalDuration(retry?.perTryTimeout)
  const baseInterval = optionalDuration(retry?.backoff)
  return {
    ...defaultRetryPolicy(),
    ...(sameHost || retry?.retryIgnorePreviousHosts === false ? { retryHostPredicate: [] } : {}),
    ...(retry?.attempts === undefined ? {} : { numRetries: retry.attempts }),
    ...(retry?.retryOn === undefined || retry.retryOn === '' ? {} : conditions(retry.retryOn)),
    ...(perTryTimeout === undefined ? {} : { perTryTimeout }),
    ...(baseInterval === undefined ? {} : { retryBackOff: { baseInterval } }),
    ...(retry?.retryRemoteLocalities === true ? { retryPriority: remoteLocalities() } : {}),
  }
}

/** Statuses stand among the words of `retryOn`. */
function conditions(text: string): Pick<RetryPolicyInit, 'retryOn' | 'retriableStatusCodes'> {
  const words = text.split(',').map((word) => word.trim())
  const isStatus = (word: string) => /^[1-5]\d\d$/.test(word)
  const named = words.filter((word) => word !== '' && !isStatus(word))
  const statuses = words.filter(isStatus)
  if (statuses.length > 0 && !named.includes('retriable-status-codes')) named.push('retriable-status-codes')
  return { retryOn: named.join(','), retriableStatusCodes: statuses.map(Number) }
}

function remoteLocalities() {
  return {
    name: 'envoy.retry_priorities.previous_priorities',
    configType: { case: 'typedConfig' as const, value: any(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }) },
  }
}
