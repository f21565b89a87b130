// MeshFrontend: a route counts for those who dial the Service, not for those who dial its pods.

import { type ConformanceCase, httpRoute } from '../conformance-case.ts'
import { responseHeaderRule } from '../response-header-rule.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshFrontend',
  routes: [
    httpRoute({
      name: 'mesh-split-v1',
      parent: { name: 'echo-v2' },
      rules: [responseHeaderRule('set', { name: 'echo-v2', port: 80 })],
    }),
  ],
  requests: [
    { to: { service: 'echo-v2' }, expect: { backend: 'echo-v2', responseHeaders: { 'X-Header-Set': 'set' } } },
    {
      to: { service: 'echo-v2', port: 8080, pod: true },
      expect: { backend: 'echo-v2', absentResponseHeaders: ['X-Header-Set'] },
    },
  ],
}
