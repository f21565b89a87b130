// MeshGRPCRouteWeight: 70 to 30, beside a backend of weight 0 that does not exist.

import { type ConformanceCase, grpcRoute, type MeshRequest } from '../conformance-case.ts'

const request: MeshRequest = { to: { service: 'echo', port: 7070, grpc: true }, expect: { backend: 'echo-v' } }

export const conformanceCase: ConformanceCase = {
  name: 'MeshGRPCRouteWeight',
  routes: [
    grpcRoute({
      name: 'mesh-grpc-weighted-backends',
      parent: { name: 'echo', port: 7070 },
      rules: [
        {
          backendRefs: [
            { name: 'echo-v1', port: 7070, weight: 70 },
            { name: 'echo-v2', port: 7070, weight: 30 },
            { name: 'echo-v3', port: 7070, weight: 0 },
          ],
        },
      ],
    }),
  ],
  requests: [request],
  split: { request, shares: { 'echo-v1': 0.7, 'echo-v2': 0.3 } },
}
