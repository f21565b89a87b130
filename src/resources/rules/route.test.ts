import { expect, test } from '@jest/globals'
import { formatDiagnostic } from '../diagnostic.ts'
import { parseObjects } from '../parse-objects.ts'

function messages(kind: string, spec: string): string[] {
  const text = `apiVersion: gateway.networking.k8s.io/v1\nkind: ${kind}\nmetadata: {name: r, namespace: demo}\nspec: ${spec}\n`
  return parseObjects(text, 'a.yaml').diagnostics.map(formatDiagnostic)
}

test.each([
  ['GRPCRoute', '{rules: [{matches: [{method: {service: a.B, method: C}}], backendRefs: [{name: b, port: 1}]}]}'],
  ['TCPRoute', '{rules: [{backendRefs: [{name: b, port: 1}]}]}'],
  ['TLSRoute', '{hostnames: ["*.example.com"], rules: [{backendRefs: [{name: b, port: 1}]}]}'],
  ['ReferenceGrant', '{from: [{group: "", kind: Service, namespace: m}], to: [{group: "", kind: Secret}]}'],
])('a correct %s is read without a word', (kind, spec) => {
  expect(messages(kind, spec)).toEqual([])
})

test.each([
  ['GRPCRoute', '{rules: [{matches: [{method: {service: a/B}}]}]}', /method\.service: is no name of a service: "a\/B"/],
  ['GRPCRoute', '{rules: [{matches: [{method: {method: a.B}}]}]}', /method\.method: is no name of a method/],
  ['GRPCRoute', '{rules: [{matches: [{method: {type: Exact}}]}]}', /matches\[0\]\.method: needs service or method/],
  ['GRPCRoute', '{rules: [{filters: [{type: RequestHeaderModifier}]}]}', /requestHeaderModifier: is required/],
  ['GRPCRoute', '{rules: [{name: a}, {name: a}]}', /rules\[1\]\.name: repeats the name of spec\.rules\[0\]/],
  ['TCPRoute', '{rules: [{backendRefs: [{name: b}]}]}', /backendRefs\[0\]\.port: is required for a Service/],
  [
    'TCPRoute',
    '{parentRefs: [{name: g}, {name: g}], rules: [{backendRefs: [{name: b, port: 1}]}]}',
    /repeats another parent/,
  ],
  [
    'TLSRoute',
    '{hostnames: ["10.0.0.1"], rules: [{backendRefs: [{name: b, port: 1}]}]}',
    /hostnames\[0\]: is an address/,
  ],
])('of a %s what the API server would refuse is refused: %s', (kind, spec, message) => {
  expect(messages(kind, spec).join('\n')).toMatch(message)
})
