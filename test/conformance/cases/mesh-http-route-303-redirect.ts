// MeshHTTPRoute303Redirect: status 303, and nothing else changed.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRoute303Redirect',
  routes: [
    httpRoute({
      name: 'mesh-redirect-303',
      parent: { name: 'echo', port: 80 },
      rules: [redirect('/redirect', { statusCode: 303 })],
    }),
  ],
  requests: [get('/redirect', { status: 303, location: 'http://echo/redirect' })],
}
