// MeshHTTPRouteRequestHeaderModifier: request headers set, added and removed on the rule.

import { type ConformanceCase, httpRoute } from '../conformance-case.ts'
import { headerModifierRequests, headerModifierRules } from '../header-modifier.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteRequestHeaderModifier',
  routes: [
    httpRoute({ name: 'mesh-header-modifier', parent: { name: 'echo', port: 80 }, rules: headerModifierRules('rule') }),
  ],
  requests: headerModifierRequests,
}
