// MeshHTTPRouteNamedRule: a rule with a name works as one without.

import { type ConformanceCase, get, httpRoute, prefix, v1, v2 } from '../conformance-case.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteNamedRule',
  routes: [
    httpRoute({
      name: 'mesh-named-rules',
      parent: { name: 'echo', port: 80 },
      rules: [
        { name: 'named-rule', matches: [prefix('/named')], backendRefs: [v1] },
        { matches: [prefix('/unnamed')], backendRefs: [v2] },
      ],
    }),
  ],
  requests: [get('/named', { backend: 'echo-v1' }), get('/unnamed', { backend: 'echo-v2' })],
}
