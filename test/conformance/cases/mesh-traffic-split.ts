// MeshTrafficSplit: exact paths, on every port of the Service.

import { type ConformanceCase, get, httpRoute } from '../conformance-case.ts'

const exact = (value: string, name: string) => ({
  matches: [{ path: { type: 'Exact', value } }],
  backendRefs: [{ name, port: 80 }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshTrafficSplit',
  routes: [
    httpRoute({
      name: 'mesh-split',
      parent: { name: 'echo' },
      rules: [exact('/v1', 'echo-v1'), exact('/v2', 'echo-v2')],
    }),
  ],
  requests: [get('/v1', { backend: 'echo-v1' }), get('/v2', { backend: 'echo-v2' }), get('/v1/', { status: 404 })],
}
