// MeshPorts: a parent with a port, and one without, which means all of them.

import { type ConformanceCase, httpRoute, type MeshRequest } from '../conformance-case.ts'
import { responseHeaderRule } from '../response-header-rule.ts'

const to = (service: 'echo-v1' | 'echo-v2', port: number, value?: string): MeshRequest => ({
  to: { service, port },
  expect:
    value === undefined
      ? { backend: service, absentResponseHeaders: ['X-Header-Set'] }
      : { backend: service, responseHeaders: { 'X-Header-Set': value } },
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshPorts',
  routes: [
    httpRoute({
      name: 'mesh-split-v1',
      parent: { name: 'echo-v1', port: 80 },
      rules: [responseHeaderRule('v1', { name: 'echo-v1', port: 80 })],
    }),
    httpRoute({
      name: 'mesh-split-v2',
      parent: { name: 'echo-v2' },
      rules: [responseHeaderRule('v2', { name: 'echo-v2', port: 80 })],
    }),
  ],
  requests: [to('echo-v1', 80, 'v1'), to('echo-v1', 8080), to('echo-v2', 80, 'v2'), to('echo-v2', 8080, 'v2')],
}
