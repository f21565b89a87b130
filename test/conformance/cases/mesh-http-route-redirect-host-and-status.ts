// MeshHTTPRouteRedirectHostAndStatus: another host, and another status than 302.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteRedirectHostAndStatus',
  routes: [
    httpRoute({
      name: 'mesh-redirect-host',
      parent: { name: 'echo', port: 80 },
      rules: [
        redirect('/hostname-redirect', { hostname: 'example.org' }),
        redirect('/host-and-status', { hostname: 'example.org', statusCode: 301 }),
      ],
    }),
  ],
  requests: [
    get('/hostname-redirect', { status: 302, location: 'http://example.org/hostname-redirect' }),
    get('/host-and-status', { status: 301, location: 'http://example.org/host-and-status' }),
  ],
}
