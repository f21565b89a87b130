// MeshConsumerRoute: a route of the client's namespace counts for that namespace alone.

import { type ConformanceCase, CONSUMER, httpRoute, MESH } from '../conformance-case.ts'
import { responseHeaderRule } from '../response-header-rule.ts'

const to = { service: 'echo-v1' } as const

export const conformanceCase: ConformanceCase = {
  name: 'MeshConsumerRoute',
  routes: [
    httpRoute({
      name: 'mesh-consumer',
      namespace: CONSUMER,
      parent: { name: 'echo-v1' },
      rules: [responseHeaderRule('set', { name: 'echo-v1', namespace: MESH, port: 80 })],
    }),
  ],
  requests: [
    { from: 'consumer', to, expect: { backend: 'echo-v1', responseHeaders: { 'X-Header-Set': 'set' } } },
    { to, expect: { backend: 'echo-v1', absentResponseHeaders: ['X-Header-Set'] } },
  ],
}
