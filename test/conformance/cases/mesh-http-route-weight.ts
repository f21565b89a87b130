// MeshHTTPRouteWeight: 70 to 30.

import { type ConformanceCase, get, httpRoute, v1, v2 } from '../conformance-case.ts'

const request = get('/', { backend: 'echo-v' })

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteWeight',
  routes: [
    httpRoute({
      name: 'mesh-weighted-backends',
      parent: { name: 'echo', port: 80 },
      rules: [
        {
          backendRefs: [
            { ...v1, weight: 70 },
            { ...v2, weight: 30 },
          ],
        },
      ],
    }),
  ],
  requests: [request],
  split: { request, shares: { 'echo-v1': 0.7, 'echo-v2': 0.3 } },
}
