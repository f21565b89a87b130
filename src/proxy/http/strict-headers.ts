// Router.strict_check_headers: requests whose x-envoy-* headers cannot be understood are refused instead of being served as if
// the headers were not there.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { Problems } from '../../lib/problems.ts'
import type { LocalReply } from './local-reply.ts'
import { isRetryOn } from './retry-policy.ts'

interface StrictCheck {
  readonly name: string
  isValid(value: string): boolean
}

export type StrictChecks = readonly StrictCheck[]

const CHECKS: readonly StrictCheck[] = [
  { name: 'x-envoy-upstream-rq-timeout-ms', isValid: isUint64 },
  { name: 'x-envoy-upstream-rq-per-try-timeout-ms', isValid: isUint64 },
  { name: 'x-envoy-max-retries', isValid: isUint64 },
  { name: 'x-envoy-retry-on', isValid: (value) => isRetryOn(value, 'http') },
  { name: 'x-envoy-retry-grpc-on', isValid: (value) => isRetryOn(value, 'grpc') },
]

/** Notes names that cannot be checked. */
export function compileStrictChecks(names: readonly string[], problems: Problems): StrictChecks {
  return names.flatMap((name, index) => {
    const check = CHECKS.find((one) => one.name === name)
    if (check !== undefined) return [check]
    problems.at(index).add(`"${name}" is none of ${CHECKS.map((one) => one.name).join(', ')}`)
    return []
  })
}

/** The answer to a request with an invalid header; undefined when all are well. */
export function refuseInvalidHeaders(headers: RequestHeaderMap, checks: StrictChecks): LocalReply | undefined {
  for (let i = 0; i < checks.length; i++) {
    const { name } = checks[i]
    const value = headers.get(name)
    if (value === undefined || checks[i].isValid(value)) continue
    return {
      status: 400,
      body: `invalid header '${name}' with value '${value}'`,
      details: `request_headers_failed_strict_check{${name}}`,
    }
  }
  return undefined
}

const UINT64_DIGITS = '18446744073709551615'

function isUint64(value: string): boolean {
  const digits = /^\+?0*(\d+)$/.exec(value)?.[1]
  if (digits === undefined || digits.length > UINT64_DIGITS.length) return false
  return digits.length < UINT64_DIGITS.length || digits <= UINT64_DIGITS
}
