// MeshHTTPRoute307Redirect: status 307, and nothing else changed.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRoute307Redirect',
  routes: [
    httpRoute({
      name: 'mesh-redirect-307',
      parent: { name: 'echo', port: 80 },
      rules: [redirect('/temporary', { statusCode: 307 })],
    }),
  ],
  requests: [get('/temporary', { status: 307, location: 'http://echo/temporary' })],
}
