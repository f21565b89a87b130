// MeshHTTPRouteRedirectPath: a replaced prefix, and a replaced path.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteRedirectPath',
  routes: [
    httpRoute({
      name: 'mesh-redirect-path',
      parent: { name: 'echo', port: 80 },
      rules: [
        redirect('/original-prefix', {
          path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/replacement-prefix' },
        }),
        redirect('/full', { path: { type: 'ReplaceFullPath', replaceFullPath: '/full-path-replacement' } }),
        redirect('/path-and-host', {
          hostname: 'example.org',
          path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/replacement-prefix' },
        }),
        redirect('/path-and-status', {
          path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/replacement-prefix' },
          statusCode: 301,
        }),
        redirect('/full-path-and-host', {
          hostname: 'example.org',
          path: { type: 'ReplaceFullPath', replaceFullPath: '/full-path-replacement' },
        }),
        redirect('/full-path-and-status', {
          path: { type: 'ReplaceFullPath', replaceFullPath: '/full-path-replacement' },
          statusCode: 301,
        }),
      ],
    }),
  ],
  requests: [
    get('/original-prefix/lemon', { status: 302, location: 'http://echo/replacement-prefix/lemon' }),
    get('/full/path/original', { status: 302, location: 'http://echo/full-path-replacement' }),
    get('/path-and-host', { status: 302, location: 'http://example.org/replacement-prefix' }),
    get('/path-and-status', { status: 301, location: 'http://echo/replacement-prefix' }),
    get('/full-path-and-host', { status: 302, location: 'http://example.org/full-path-replacement' }),
    get('/full-path-and-status', { status: 301, location: 'http://echo/full-path-replacement' }),
  ],
}
