// MeshHTTPRouteBackendRequestHeaderModifier: request headers set, added and removed on the backend.

import { type ConformanceCase, httpRoute } from '../conformance-case.ts'
import { headerModifierRequests, headerModifierRules } from '../header-modifier.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteBackendRequestHeaderModifier',
  routes: [
    httpRoute({
      name: 'mesh-backend-header-modifier',
      parent: { name: 'echo', port: 80 },
      rules: headerModifierRules('backend'),
    }),
  ],
  requests: headerModifierRequests,
}
