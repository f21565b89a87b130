// MeshHTTPRouteQueryParamMatching: query parameters, and what outranks them.

import { type ConformanceCase, get, httpRoute, prefix, v1, v2 } from '../conformance-case.ts'

const animal = (value: string) => ({ queryParams: [{ name: 'animal', value }] })
const version = (value: string) => ({ headers: [{ name: 'version', value }] })

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteQueryParamMatching',
  routes: [
    httpRoute({
      name: 'mesh-query-params',
      parent: { name: 'echo', port: 80 },
      rules: [
        { matches: [animal('whale')], backendRefs: [v1] },
        { matches: [animal('dolphin')], backendRefs: [v2] },
        { matches: [{ ...prefix('/path1'), ...animal('whale') }], backendRefs: [v1] },
        { matches: [{ ...version('one'), ...animal('whale') }], backendRefs: [v2] },
        {
          matches: [
            { ...prefix('/path3'), ...animal('shark') },
            { ...prefix('/path4'), ...version('three'), ...animal('kraken') },
          ],
          backendRefs: [v1],
        },
        { matches: [prefix('/path5')], backendRefs: [v1] },
        { matches: [animal('hydra')], backendRefs: [v2] },
      ],
    }),
  ],
  requests: [
    get('/?animal=whale', { backend: 'echo-v1' }),
    get('/?animal=dolphin', { backend: 'echo-v2' }),
    get('/?animal=whale&otherparam=irrelevant', { backend: 'echo-v1' }),
    get('/?animal=dolphin&color=yellow', { backend: 'echo-v2' }),
    get('/?color=blue', { status: 404 }),
    get('/?animal=dog', { status: 404 }),
    get('/?animal=whaledolphin', { status: 404 }),
    get('/', { status: 404 }),
    get('/path1?animal=whale', { backend: 'echo-v1' }),
    get('/?animal=whale', { backend: 'echo-v2' }, { version: 'one' }),
    get('/path3?animal=shark', { backend: 'echo-v1' }),
    get('/path4?animal=kraken', { backend: 'echo-v1' }, { version: 'three' }),
    get('/?animal=shark', { status: 404 }),
    get('/path4?animal=kraken', { status: 404 }),
    get('/path5?animal=hydra', { backend: 'echo-v1' }),
  ],
}
