// MeshHTTPRouteRewritePath: a replaced prefix or path, alone and beside changed headers.

import { type ConformanceCase, get, httpRoute, prefix } from '../conformance-case.ts'

const backendRefs = [{ name: 'echo-v1', port: 80 }]
const replacePrefix = (replacePrefixMatch: string) => rewrite({ type: 'ReplacePrefixMatch', replacePrefixMatch })
const replaceFull = (replaceFullPath: string) => rewrite({ type: 'ReplaceFullPath', replaceFullPath })
const modifyHeaders = {
  type: 'RequestHeaderModifier',
  requestHeaderModifier: {
    set: [{ name: 'X-Header-Set', value: 'set-overwrites-values' }],
    add: [{ name: 'X-Header-Add', value: 'add-appends-values' }],
    remove: ['X-Header-Remove'],
  },
}

function rewrite(path: object): object {
  return { type: 'URLRewrite', urlRewrite: { path } }
}

function rule(path: string, ...filters: object[]): object {
  return { matches: [prefix(path)], filters, backendRefs }
}

const sent = { 'X-Header-Add': 'header-val-1', 'X-Header-Set': 'set-val', 'X-Header-Remove': 'remove-val' }
const modified = {
  backend: 'echo-v1',
  headers: { 'X-Header-Set': 'set-overwrites-values', 'X-Header-Add': 'header-val-1,add-appends-values' },
  absentHeaders: ['X-Header-Remove'],
}

export const conformanceCase: ConformanceCase = {
  name: 'MeshHTTPRouteRewritePath',
  routes: [
    httpRoute({
      name: 'mesh-rewrite-path',
      parent: { name: 'echo', port: 80 },
      rules: [
        rule('/prefix/one', replacePrefix('/one')),
        rule('/strip-prefix', replacePrefix('/')),
        rule('/full/one', replaceFull('/one')),
        rule('/full/rewrite-path-and-modify-headers', replaceFull('/test'), modifyHeaders),
        rule('/prefix/rewrite-path-and-modify-headers', replacePrefix('/prefix'), modifyHeaders),
      ],
    }),
  ],
  requests: [
    get('/prefix/one/two', { backend: 'echo-v1', path: '/one/two' }),
    get('/strip-prefix/three', { backend: 'echo-v1', path: '/three' }),
    get('/strip-prefix', { backend: 'echo-v1', path: '/' }),
    get('/full/one/two', { backend: 'echo-v1', path: '/one' }),
    get('/full/rewrite-path-and-modify-headers/test', { ...modified, path: '/test' }, sent),
    get('/prefix/rewrite-path-and-modify-headers/one', { ...modified, path: '/prefix/one' }, sent),
  ],
}
