// MeshHTTPRouteRedirectPort: another port.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteRedirectPort',
  routes: [
    httpRoute({
      name: 'mesh-redirect-port',
      parent: { name: 'echo', port: 80 },
      rules: [
        redirect('/port', { port: 8083 }),
        redirect('/port-and-host', { hostname: 'example.org', port: 8083 }),
        redirect('/port-and-status', { port: 8083, statusCode: 301 }),
        redirect('/port-and-host-and-status', { hostname: 'example.org', port: 8083, statusCode: 302 }),
      ],
    }),
  ],
  requests: [
    get('/port', { status: 302, location: 'http://echo:8083/port' }),
    get('/port-and-host', { status: 302, location: 'http://example.org:8083/port-and-host' }),
    get('/port-and-status', { status: 301, location: 'http://echo:8083/port-and-status' }),
    get('/port-and-host-and-status', { status: 302, location: 'http://example.org:8083/port-and-host-and-status' }),
  ],
}
