import { describe, expect, test } from '@jest/globals'
import { formatDiagnostic } from '../diagnostic.ts'
import { parseObjects } from '../parse-objects.ts'

function messages(spec: string, version = 'v1'): string[] {
  const yaml = `apiVersion: networking.istio.io/${version}\nkind: VirtualService\nmetadata: {name: v, namespace: demo}\nspec: ${spec}\n`
  return parseObjects(yaml, 'a.yaml').diagnostics.map(formatDiagnostic)
}

const http = (route: string) => `{hosts: [a], http: [${route}]}`
const routed = (fields: string) => http(`{${fields}, route: [{destination: {host: a}}]}`)

describe('a VirtualService', () => {
  test.each([
    ['with hosts', '{hosts: [a, "*.b.test", "*"], http: [{route: [{destination: {host: a}}]}]}'],
    ['that is a delegate', '{http: [{directResponse: {status: 200}}]}'],
    ['with much in it', routed('timeout: 1.5s, retries: {attempts: 2, perTryTimeout: 100ms}, fault: {abort: {httpStatus: 500, percentage: {value: 0.1}}}')],
  ])('%s is read', (_, spec) => {
    for (const version of ['v1', 'v1beta1', 'v1alpha3']) expect(messages(spec, version)).toEqual([])
  }) // prettier-ignore

  test.each([
    ['{hosts: ["a..b"]}', /hosts\[0\]: "a\.\.b" is not a host name/],
    [http('{timeout: 1s}'), /http\[0\]: needs one of route, redirect/],
    [http('{redirect: {}, route: [{destination: {host: a}}]}'), /redirect: cannot stand beside route/],
    [routed('timeout: soon'), /timeout: "soon" is no duration/],
    [routed('fault: {delay: {fixedDelay: x}}'), /fixedDelay: "x" is no duration/],
    [routed('fault: {abort: {percentage: {value: 101}}}'), /percentage\.value: 101 is not between 0 and 100/],
    [routed('mirror: {host: a}, mirrors: []'), /mirror: cannot stand beside mirrors/],
    [routed('match: [{uri: {exact: /, prefix: /}}]'), /uri\.prefix: cannot stand beside exact/],
    [http('{directResponse: {status: 42}}'), /status: 42 is no status/],
    [http('{route: [{destination: {host: a}}, {destination: {host: b}}]}'), /route: has no weight above 0/],
    [http('{route: [{destination: {host: a}, weight: -1}]}'), /weight: must not be negative/],
  ])('%s is refused', (spec, message) => {
    expect(messages(spec).join('\n')).toMatch(message)
  })
})
