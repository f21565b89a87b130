// MeshBasic: a Service without routes.

import { type ConformanceCase, get } from '../conformance-case.ts'

export const conformanceCase: ConformanceCase = {
  name: 'MeshBasic',
  routes: [],
  requests: [get('/', { backend: 'echo-v' })],
}
