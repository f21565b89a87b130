// MeshGRPCRouteRequestHeaderModifier (after v1.6.1): metadata set, added and removed.

import { type ConformanceCase, type Expectation, grpcRoute, type MeshRequest } from '../conformance-case.ts'

type Header = Readonly<Record<string, string>>

function rule(testCase: string, backend: string, requestHeaderModifier: object): object {
  return {
    matches: [{ headers: [{ name: 'x-test-case', value: testCase }] }],
    filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier }],
    backendRefs: [{ name: backend, port: 7070 }],
  }
}

function call(testCase: string, expect: Expectation, headers: Header = {}): MeshRequest {
  return { to: { service: 'echo', port: 7070, grpc: true }, headers: { 'x-test-case': testCase, ...headers }, expect }
}

export const conformanceCase: ConformanceCase = {
  name: 'MeshGRPCRouteRequestHeaderModifier',
  routes: [
    grpcRoute({
      name: 'mesh-grpc-header-modifier',
      parent: { name: 'echo', port: 7070 },
      rules: [
        rule('set', 'echo-v1', { set: [{ name: 'x-header-set', value: 'set-overwrites-values' }] }),
        rule('add', 'echo-v1', { add: [{ name: 'x-header-add', value: 'add-appends-values' }] }),
        rule('remove', 'echo-v1', { remove: ['x-header-remove'] }),
        rule('multi', 'echo-v2', {
          set: [
            { name: 'x-header-set-1', value: 'header-set-1' },
            { name: 'x-header-set-2', value: 'header-set-2' },
          ],
          add: [
            { name: 'x-header-add-1', value: 'header-add-1' },
            { name: 'x-header-add-2', value: 'header-add-2' },
          ],
          remove: ['x-header-remove-1', 'x-header-remove-2'],
        }),
      ],
    }),
  ],
  requests: [
    call(
      'set',
      { backend: 'echo-v1', headers: { 'x-header-set': 'set-overwrites-values', 'x-test-case': 'set' } },
      { 'x-header-set': 'this-value-should-be-overwritten' },
    ),
    call(
      'add',
      { backend: 'echo-v1', headers: { 'x-header-add': 'this-value-should-be-appended,add-appends-values' } },
      { 'x-header-add': 'this-value-should-be-appended' },
    ),
    call('remove', { backend: 'echo-v1', absentHeaders: ['x-header-remove'] }, { 'x-header-remove': 'gone' }),
    call(
      'multi',
      {
        backend: 'echo-v2',
        headers: {
          'x-header-set-1': 'header-set-1',
          'x-header-set-2': 'header-set-2',
          'x-header-add-1': 'header-add-1',
          'x-header-add-2': 'add-header-2,header-add-2',
          'x-test-case': 'multi',
        },
        absentHeaders: ['x-header-remove-1', 'x-header-remove-2'],
      },
      {
        'x-header-set-2': 'set-header-2',
        'x-header-add-2': 'add-header-2',
        'x-header-remove-1': 'gone',
        'x-header-remove-2': 'gone',
      },
    ),
  ],
}
