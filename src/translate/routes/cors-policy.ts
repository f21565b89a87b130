// What may be read across origins -> the CORS filter's configuration of a route: of HTTPRoutes (GEP-1767) and VirtualServices.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { CorsPolicySchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import type { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { HttpCorsFilter } from '../../resources/gateway-api.ts'
import { parseGoDuration } from '../../resources/go-duration.ts'
import type { CorsPolicy, StringMatch } from '../../resources/virtual-service.ts'
import { escapeRegex } from './path-modifier.ts'

type StringMatcherInit = MessageInitShape<typeof StringMatcherSchema>
export type CorsPolicyInit = MessageInitShape<typeof CorsPolicySchema>

/** The name under which routes configure the filter. */
export const corsFilterName = 'envoy.filters.http.cors'

/** An origin of scheme and host, and not the opaque `null`. */
const anyOrigin = '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$'

export function corsPolicy(filter: HttpCorsFilter): CorsPolicyInit {
  const { allowOrigins = [], allowMethods = [], allowHeaders = [], exposeHeaders = [], maxAge } = filter
  return {
    allowOriginStringMatch: allowOrigins.map(originMatch),
    allowMethods: allowMethods.join(','),
    allowHeaders: allowHeaders.join(','),
    exposeHeaders: exposeHeaders.join(','),
    maxAge: maxAge === undefined ? '' : String(maxAge),
    ...(filter.allowCredentials === undefined ? {} : { allowCredentials: filter.allowCredentials }),
    ...alwaysOn,
    forwardNotMatchingPreflights: false,
  }
}

const alwaysOn = { filterEnabled: { defaultValue: { numerator: 100 } } } satisfies CorsPolicyInit

/** Of a VirtualService. Unlike the Gateway API, Istio by default lets preflight requests of strangers pass. */
export function virtualCorsPolicy(policy: CorsPolicy): CorsPolicyInit {
  const { allowOrigins = [], allowOrigin = [], allowMethods = [], allowHeaders = [], exposeHeaders = [] } = policy
  const maxAgeMs = policy.maxAge === undefined ? undefined : parseGoDuration(policy.maxAge)
  return {
    allowOriginStringMatch: [
      ...allowOrigins.map(stringMatcher),
      ...allowOrigin.map((value): StringMatcherInit => ({ matchPattern: { case: 'exact', value } })),
    ],
    allowMethods: allowMethods.join(','),
    allowHeaders: allowHeaders.join(','),
    exposeHeaders: exposeHeaders.join(','),
    maxAge: maxAgeMs === undefined ? '' : String(Math.floor(maxAgeMs / 1000)),
    ...(policy.allowCredentials === undefined ? {} : { allowCredentials: policy.allowCredentials }),
    ...alwaysOn,
    forwardNotMatchingPreflights: policy.unmatchedPreflights !== 'IGNORE',
  }
}

function stringMatcher({ exact, prefix, regex }: StringMatch): StringMatcherInit {
  if (prefix !== undefined) return { matchPattern: { case: 'prefix', value: prefix } }
  if (regex !== undefined) return { matchPattern: { case: 'safeRegex', value: { regex } } }
  return { matchPattern: { case: 'exact', value: exact ?? '' } }
}

/** An asterisk stands for any text. */
function originMatch(origin: string): StringMatcherInit {
  if (!origin.includes('*')) return { matchPattern: { case: 'exact', value: origin } }
  const regex = origin === '*' ? anyOrigin : `^${origin.split('*').map(escapeRegex).join('.*')}$`
  return { matchPattern: { case: 'safeRegex', value: { regex } } }
}
