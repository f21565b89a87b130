// MeshHTTPRouteSchemeRedirect: another scheme.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteSchemeRedirect',
  routes: [
    httpRoute({
      name: 'mesh-redirect-scheme',
      parent: { name: 'echo', port: 80 },
      rules: [
        redirect('/scheme', { scheme: 'https' }),
        redirect('/scheme-and-host', { scheme: 'https', hostname: 'example.org' }),
        redirect('/scheme-and-status', { scheme: 'https', statusCode: 301 }),
        redirect('/scheme-and-host-and-status', { scheme: 'https', hostname: 'example.org', statusCode: 302 }),
      ],
    }),
  ],
  requests: [
    get('/scheme', { status: 302, location: 'https://echo/scheme' }),
    get('/scheme-and-host', { status: 302, location: 'https://example.org/scheme-and-host' }),
    get('/scheme-and-status', { status: 301, location: 'https://echo/scheme-and-status' }),
    get('/scheme-and-host-and-status', { status: 302, location: 'https://example.org/scheme-and-host-and-status' }),
  ],
}
