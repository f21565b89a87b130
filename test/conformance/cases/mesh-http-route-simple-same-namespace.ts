// MeshHTTPRouteSimpleSameNamespace: one rule for everything.

import { type ConformanceCase, get, httpRoute, v1 } from '../conformance-case.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteSimpleSameNamespace',
  routes: [httpRoute({ name: 'mesh-simple', parent: { name: 'echo', port: 80 }, rules: [{ backendRefs: [v1] }] })],
  requests: [get('/', { backend: 'echo-v1' })],
}
