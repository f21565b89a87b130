// What may be read across origins -> the CORS filter's configuration of a route, for the HTTPRoute filter CORS (GEP-1767).

import type { MessageInitShape } from '@bufbuild/protobuf'
import { CorsPolicySchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import type { StringMatcherSchema } from '../../envoy/generated/envoy/type/matcher/v3/string_pb.js'
import type { HttpCorsFilter } from '../../resources/gateway-api.ts'
import { escapeRegex } from './path-modifier.ts'

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

export const alwaysOn = { filterEnabled: { defaultValue: { numerator: 100 } } } satisfies CorsPolicyInit

/** An asterisk stands for any text. */
function originMatch(origin: string): MessageInitShape<typeof StringMatcherSchema> {
  if (!origin.includes('*')) return { matchPattern: { case: 'exact', value: origin } }
  const regex = origin === '*' ? anyOrigin : `^${origin.split('*').map(escapeRegex).join('.*')}$`
  return { matchPattern: { case: 'safeRegex', value: { regex } } }
}
