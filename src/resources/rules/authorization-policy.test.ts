import { describe, expect, test } from '@jest/globals'
import { formatDiagnostic } from '../diagnostic.ts'
import type { AuthorizationPolicy } from '../istio-security.ts'
import { parseObjects } from '../parse-objects.ts'

const policy = (spec: string, version = 'v1') =>
  `apiVersion: security.istio.io/${version}\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: demo}\nspec: ${spec}\n`

function messages(spec: string): string[] {
  return parseObjects(policy(spec), 'a.yaml').diagnostics.map(formatDiagnostic)
}

const from = (source: string) => `{rules: [{from: [{source: ${source}}]}]}`
const to = (operation: string) => `{rules: [{to: [{operation: ${operation}}]}]}`
const when = (condition: string) => `{rules: [{when: [${condition}]}]}`
const target = (reference: string) => `{targetRefs: [${reference}]}`

describe('an AuthorizationPolicy', () => {
  test.each([
    ['without anything', '{}'],
    ['with an empty rule', '{action: DENY, rules: [{}]}'],
    ['with a selector', '{selector: {matchLabels: {app: a}}}'],
    ['for a Service of either spelling', '{targetRefs: [{kind: Service, group: core, name: a}, {kind: Service, name: b}]}'],
    ['for a GatewayClass', target('{kind: GatewayClass, group: gateway.networking.k8s.io, name: istio-waypoint}')],
    ['with every source', from('{principals: ["*"], requestPrincipals: [iss/sub], namespaces: ["a-*"], ipBlocks: [10.0.0.1, "fd00::/8"], remoteIpBlocks: [10.0.0.0/8], trustDomains: ["td-*"]}')],
    ['with service accounts', from('{serviceAccounts: [a, b/c], notServiceAccounts: [d]}')],
    ['with every operation', to('{hosts: ["*.a"], ports: ["80"], methods: [GET], paths: ["/a*", "/{*}/b/{**}", "/{**}/"]}')],
    ['with claims and headers', when('{key: "request.auth.claims[a][b]", values: [c]}, {key: "request.headers[:method]", notValues: [GET]}')],
    ['with metadata of a filter', when('{key: "experimental.envoy.filters.network.mysql_proxy[db.t]", values: ["[update]"]}')],
    ['with a provider', '{action: CUSTOM, provider: {name: ext}, rules: [{to: [{operation: {paths: [/a]}}]}]}'],
  ])('%s is read', (_, spec) => {
    expect(messages(spec)).toEqual([])
  }) // prettier-ignore

  test.each([
    ['{selector: {}, targetRefs: [{kind: Service, name: a}]}', /spec\.targetRefs: cannot stand beside selector/],
    [target('{kind: Servce, name: a}'), /kind Servce of group "" cannot have a policy; write one of Service,/],
    [target('{kind: Gateway, name: a}'), /write group: "gateway\.networking\.k8s\.io"/],
    [target('{kind: Service, name: a, namespace: b}'), /namespace: must not be set/],
    [target('{kind: Service}'), /targetRefs\[0\]\.name: is required/],
    [`{targetRefs: [${Array.from({ length: 17 }, (_, at) => `{kind: Service, name: a${at}}`).join()}]}`, /at most 16/],
    ['{selector: {matchLabels: {app: "a*"}}}', /cannot have a wildcard/],
    ['{action: Deny, rules: [{}]}', /must be one of ALLOW, DENY, AUDIT, CUSTOM/],
    ['{action: DENY}', /spec\.rules: are required for action DENY.*write rules: \[\{\}\]/],
    ['{action: CUSTOM, rules: [{}]}', /provider\.name: is required/],
    ['{provider: {name: a}}', /provider: must not be set for action ALLOW/],
    ['{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {namespaces: [a]}}]}]}', /namespaces: is not supported for action CUSTOM/],
    ['{action: CUSTOM, provider: {name: a}, rules: [{when: [{key: request.auth.principal, values: [a]}]}]}', /when\[0\]\.key: is not supported for action CUSTOM/],
    ['{rules: [{from: []}]}', /from: must not be empty/],
    ['{rules: [{to: []}]}', /to: must not be empty/],
    ['{rules: [{from: [{}]}]}', /source: must have at least one field; add one of principals, requestPrincipals/],
    [to('{paths: []}'), /operation: must have at least one field/],
    [from('{serviceAccounts: [a], namespaces: [b]}'), /serviceAccounts: cannot stand beside namespaces/],
    [from('{serviceAccounts: ["a*"]}'), /has a "\*", which means nothing here/],
    [from('{serviceAccounts: [a/b/c]}'), /"a\/b\/c" is not a service account/],
    [from('{ipBlocks: [10.0.0.0/33]}'), /"10\.0\.0\.0\/33" is neither an address nor a range/],
    [from('{notRemoteIpBlocks: [localhost]}'), /notRemoteIpBlocks\[0\]: "localhost"/],
    [from('{trustDomains: ["a*b"]}'), /neither at its beginning nor at its end/],
    [from('{trustDomains: [a/b]}'), /it has a "\/"/],
    [from('{principals: [""]}'), /principals\[0\]: must not be empty/],
    [to('{ports: ["65536"]}'), /ports\[0\]: "65536" is not a port/],
    [to('{ports: [80]}'), /put it in quotes: "80"/],
    [to('{paths: ["/a/{*}.txt"]}'), /has a brace/],
    [to('{paths: ["/{**}/a/{*}"]}'), /goes on behind \{\*\*\}/],
    [to('{paths: ["/*/{*}"]}'), /has the segment "\*"/],
    [to('{paths: ["a/{*}"]}'), /must begin with "\/"/],
    [to('{notPaths: ["/a//{*}"]}'), /has an empty segment/],
    [when('{key: source.ip}'), /needs values or notValues/],
    [when('{key: source.ip, values: [a]}'), /when\[0\]\.values\[0\]: "a" is neither/],
    [when('{key: source.name, values: [a]}'), /"source\.name" is no attribute of requests; write one of source\.ip/],
    [when('{key: "request.headers[]", values: [a]}'), /needs the name of a header|is no attribute/],
    [when('{key: "request.headers[a b]", values: [a]}'), /"a b" is not the name of a header/],
    [when('{key: destination.user, values: [a]}'), /attach the policy by targetRefs/],
  ])('with spec %s is refused as Istio refuses it', (spec, expected) => {
    expect(messages(spec).join('\n')).toMatch(expected)
  }) // prettier-ignore
})

describe('what stands for a policy that cannot be read', () => {
  const standIn = (spec: string, version?: string) => {
    const parsed = parseObjects(policy(spec, version), 'a.yaml')
    expect([parsed.objects, parsed.refused]).toEqual([[], ['AuthorizationPolicy demo/p']])
    return parsed.standIns[0] as AuthorizationPolicy
  }

  test('denies everything at the same targets, and says why', () => {
    const { spec, unreadable, metadata } = standIn('{targetRefs: [{kind: Service, name: a}], rules: [{to: [{}]}]}')
    const targetRefs = [{ group: '', kind: 'Service', name: 'a' }]
    expect(spec).toEqual({ action: 'DENY', rules: [{}], targetRefs })
    expect(unreadable).toMatch(/^spec\.rules\[0\]\.to\[0\]\.operation: must have/)
    expect(metadata).toEqual({ name: 'p', namespace: 'demo' })
    expect(standIn('{targetRef: {kind: Service, name: a}}', 'v1alpha1').spec.targetRefs).toEqual(targetRefs)
  })

  test.each(['{targetRefs: [{kind: Servce, name: a}]}', '{targetRefs: {kind: Service}}', '{targetrefs: []}', '[]'])(
    'denies everything in its namespace where its targets are not known: %s',
    (spec) => {
      expect(standIn(spec).spec.targetRefs).toEqual([{ kind: '', name: '' }])
    },
  )

  test('has no effect at a waypoint if the policy would have had none', () => {
    expect(standIn('{selector: {matchLabels: {a: b}}, action: DENY}').spec.targetRefs).toBeUndefined()
  })
})
