// MeshHTTPRouteMatching: prefixes by whole segments, headers, and which of them is stronger.

import { type ConformanceCase, get, httpRoute, prefix, v1, v2 } from '../conformance-case.ts'

const version = (value: string) => ({ headers: [{ name: 'version', value }] })

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteMatching',
  routes: [
    httpRoute({
      name: 'mesh-matching',
      parent: { name: 'echo', port: 80 },
      rules: [
        { matches: [prefix('/'), version('one')], backendRefs: [v1] },
        { matches: [prefix('/v2'), version('two')], backendRefs: [v2] },
      ],
    }),
  ],
  requests: [
    get('/', { backend: 'echo-v1' }),
    get('/example', { backend: 'echo-v1' }),
    get('/', { backend: 'echo-v1' }, { Version: 'one' }),
    get('/v2', { backend: 'echo-v2' }),
    get('/v2/example', { backend: 'echo-v2' }),
    get('/', { backend: 'echo-v2' }, { Version: 'two' }),
    get('/v2/', { backend: 'echo-v2' }),
    get('/v2example', { backend: 'echo-v1' }),
    get('/foo/v2/example', { backend: 'echo-v1' }),
  ],
}
