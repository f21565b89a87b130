// MeshFrontendHostname: the dialled address chooses the Service, whatever Host says.

import { type ConformanceCase, httpRoute } from '../conformance-case.ts'
import { responseHeaderRule } from '../response-header-rule.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshFrontendHostname',
  routes: [
    httpRoute({
      name: 'mesh-split-v1',
      parent: { name: 'echo-v2' },
      rules: [responseHeaderRule('set', { name: 'echo-v2', port: 80 })],
    }),
  ],
  requests: [
    {
      to: { service: 'echo-v2' },
      headers: { host: 'echo-v1' },
      expect: { backend: 'echo-v2', responseHeaders: { 'X-Header-Set': 'set' } },
    },
    {
      to: { service: 'echo-v1' },
      headers: { host: 'echo-v2' },
      expect: { backend: 'echo-v1', absentResponseHeaders: ['X-Header-Set'] },
    },
  ],
}
