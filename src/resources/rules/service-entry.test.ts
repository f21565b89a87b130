import { describe, expect, test } from '@jest/globals'
import { formatDiagnostic } from '../diagnostic.ts'
import { parseObjects } from '../parse-objects.ts'

function messages(spec: string, kind = 'ServiceEntry'): string[] {
  const yaml = `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: e, namespace: demo}\nspec: ${spec}\n`
  return parseObjects(yaml, 'a.yaml').diagnostics.map(formatDiagnostic)
}

const ports = 'ports: [{number: 80, name: http, protocol: HTTP}]'

describe('a ServiceEntry', () => {
  test.each([
    ['of a name', `{hosts: [a.example.com], resolution: DNS, ${ports}}`],
    ['of addresses', `{hosts: [a.example.com], addresses: [192.0.2.1, "2001:db8::/32"], resolution: STATIC, ${ports}, endpoints: [{address: 192.0.2.2, ports: {http: 8080}}]}`],
    ['of workloads', `{hosts: [a.example.com], resolution: STATIC, location: MESH_INTERNAL, ${ports}, workloadSelector: {labels: {app: a}}}`],
    ['of what is dialled', `{hosts: [a.example.com], addresses: [192.0.2.0/24], ${ports}}`],
    ['of a domain', `{hosts: ["*.example.com"], resolution: DYNAMIC_DNS, ${ports}}`],
    ['of names behind a name', `{hosts: ["*.example.com"], resolution: DNS, ${ports}, endpoints: [{address: b.example.com}]}`],
  ])('%s is read', (_, spec) => {
    expect(messages(spec)).toEqual([])
  }) // prettier-ignore

  test.each([
    ['{hosts: ["*"]}', /hosts\[0\]: "\*" is not a host name/],
    ['{hosts: [a], addresses: [b]}', /addresses\[0\]: "b" is neither an IP address/],
    ['{hosts: [a], addresses: [192.0.2.0/24], resolution: DNS}', /must be one address with resolution DNS/],
    ['{hosts: ["*.a"], resolution: DNS}', /hosts\[0\]: cannot be resolved; write DYNAMIC_DNS/],
    ['{hosts: [a], resolution: DYNAMIC_DNS}', /hosts\[0\]: needs no DYNAMIC_DNS/],
    ['{hosts: ["*.a"], resolution: DYNAMIC_DNS, ports: [{number: 1, name: t, protocol: TCP}]}', /must be one of HTTP, TLS/],
    ['{hosts: [a], endpoints: [{address: 192.0.2.1}]}', /endpoints: must not be set with resolution NONE/],
    ['{hosts: [a], resolution: STATIC, endpoints: [{address: b.example.com}]}', /is not an IP address; write resolution DNS/],
    ['{hosts: [a], resolution: STATIC, endpoints: [{}]}', /endpoints\[0\]\.address: is required/],
    ['{hosts: [a], resolution: STATIC, endpoints: [{address: "unix://a"}]}', /address: is not a path/],
    ['{hosts: [a], resolution: STATIC, endpoints: [{address: 192.0.2.1, ports: {x: 1}}]}', /is not a port of this Service/],
    ['{hosts: [a], resolution: STATIC, endpoints: [], workloadSelector: {}}', /must not stand beside endpoints/],
    ['{hosts: [a], ports: [{number: 0, name: a}]}', /ports\[0\]\.number: 0 is not a port/],
    ['{hosts: [a], ports: [{number: 1, name: a}, {number: 1, name: b}]}', /number: 1 is used twice/],
    ['{hosts: [a], ports: [{number: 1, name: a, protocol: SPDY}]}', /"SPDY" is not known/],
  ])('%s is refused', (spec, message) => {
    expect(messages(spec)).toContainEqual(expect.stringMatching(message))
  }) // prettier-ignore
})

test('a WorkloadEntry has an address, or another network', () => {
  expect(messages('{address: 192.0.2.1, weight: 2}', 'WorkloadEntry')).toEqual([])
  expect(messages('{network: other}', 'WorkloadEntry')).toEqual([])
  expect(messages('{labels: {a: b}}', 'WorkloadEntry')).toEqual([expect.stringMatching(/spec\.address: is required/)])
})
