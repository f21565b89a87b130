// MeshHTTPRoute308Redirect: status 308, and nothing else changed.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const redirect = (path: string, requestRedirect: object) => ({
  matches: [prefix(path)],
  filters: [{ type: 'RequestRedirect', requestRedirect }],
})

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRoute308Redirect',
  routes: [
    httpRoute({
      name: 'mesh-redirect-308',
      parent: { name: 'echo', port: 80 },
      rules: [redirect('/permanent', { statusCode: 308 })],
    }),
  ],
  requests: [get('/permanent', { status: 308, location: 'http://echo/permanent' })],
}
