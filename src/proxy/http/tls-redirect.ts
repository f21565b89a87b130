// VirtualHost.require_tls: requests that came without TLS are sent to the same place by https, whatever the host's routes are.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import { NO_ROUTE } from '../stream/stream-info.ts'
import type { RedirectedRequest, Route, VirtualHostFacts } from './route-config.ts'

/** What counts is x-forwarded-proto, which the connection manager has set where the client may not; Envoy compares it as it is. */
export function mustUseTls(host: VirtualHostFacts, headers: RequestHeaderMap): boolean {
  if (host.requireTls === 'none' || headers.get('x-forwarded-proto') === 'https') return false
  return host.requireTls === 'all' || headers.get('x-envoy-internal') !== 'true'
}

/** It has no name, and nothing of its virtual host applies to it (Envoy: SslRedirectRoute). */
export const TLS_REDIRECT: Route = {
  ...NO_ROUTE,
  virtualHost: {
    name: '',
    includeAttemptCountInRequest: false,
    includeAttemptCountInResponse: false,
    includeIsTimeoutRetryHeader: false,
    requireTls: 'none',
  },
  perFilter: [],
  requestMutations: [],
  responseMutations: [],
  action: {
    kind: 'redirect',
    status: 301,
    location: (request: RedirectedRequest) => `https://${request.authority}${request.path}`,
  },
}
