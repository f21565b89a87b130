import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import type { AnyObject } from '../../resources/kinds.ts'
import { parseObjects } from '../../resources/parse-objects.ts'
import { ResourceStore } from '../../resources/resource-store.ts'
import { Translator, translate } from '../translate.ts'
import type { Translation, TranslationOptions } from '../translation.ts'

const options: TranslationOptions = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 }

const mesh = `
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: demo}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}, {name: tcp, port: 90}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: demo}
spec: {clusterIP: 10.0.0.2, ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a-1, namespace: demo, labels: {kubernetes.io/service-name: a}}
addressType: IPv4
ports: [{name: http, port: 8080}, {name: tcp, port: 9090}]
endpoints: [{addresses: [10.1.0.1]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: b-1, namespace: demo, labels: {kubernetes.io/service-name: b}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: [10.1.0.2]}]
`
const toA = 'targetRefs: [{kind: Service, name: a}]'
const policy = (spec: string, name = 'p', namespace = 'demo', more = '') => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: ${namespace}${more}}
spec: {${spec}}
`

const translated = (yaml: string, more: Partial<TranslationOptions> = {}) =>
  translate(ResourceStore.of(objectsFrom(mesh + yaml)), { ...options, ...more })
const messages = ({ diagnostics }: Translation) => diagnostics.map(formatDiagnostic)
const condition = ({ statuses }: Translation, name = 'p') => {
  const found = statuses.find((one) => one.kind === 'AuthorizationPolicy' && one.name === name)
  const { type, status, reason, message } = (found?.status as any)?.conditions[0] ?? {}
  return [type, status, reason, message]
}

/** The configurations of the RBAC filters of one chain. */
function filtersOf({ listeners }: Translation, chain: string): any[] {
  const main = listeners.find(({ name }) => name === 'main_internal')!
  const { filter_chains: chains }: any = toJson(ListenerSchema, main, { registry, useProtoFieldName: true })
  const { filters } = chains.find(({ name }: { name: string }) => name.startsWith(chain))
  const last = filters.at(-1).typed_config
  return [...filters, ...(last.http_filters ?? [])]
    .filter(({ name }: { name: string }) => name.endsWith('.rbac'))
    .map(({ typed_config: config }: any) => config)
}
const http = (translation: Translation, service = 'a') => filtersOf(translation, `inbound-vip|80|http|${service}.`)
const tcp = (translation: Translation) => filtersOf(translation, 'inbound-vip|90|tcp|a.')
const policiesOf = ([{ rules }]: any[]) => Object.values<any>(rules.policies ?? {})

describe('policies are attached', () => {
  test('to a Service: its chains and no others', () => {
    const translation = translated(policy(`${toA}, rules: [{}]`))
    expect(http(translation)).toHaveLength(1)
    expect(tcp(translation)).toHaveLength(1)
    expect(http(translation, 'b')).toEqual([])
    expect(filtersOf(translation, 'direct-')).toEqual([])
    expect(condition(translation)).toEqual(['WaypointAccepted', 'True', 'Accepted', 'bound to demo/waypoint'])
  })

  test('to the Gateway and its class: every chain, in one filter with those of the Service', () => {
    const gateway = 'group: gateway.networking.k8s.io, kind'
    const translation = translated(
      policy(`targetRefs: [{${gateway}: Gateway, name: waypoint}], rules: [{}]`, 'g') +
        policy(`targetRefs: [{${gateway}: GatewayClass, name: istio-waypoint}], rules: [{}]`, 'c', 'istio-system') +
        policy(`${toA}, rules: [{}]`),
    )
    const names = (filters: any[]) => filters.map(({ rules }) => Object.keys(rules.policies))
    const [c, g, p] = ['ns[istio-system]-policy[c]-rule[0]', 'ns[demo]-policy[g]-rule[0]', 'ns[demo]-policy[p]-rule[0]']
    expect(names(http(translation))).toEqual([[g, c, p]])
    expect(names(http(translation, 'b'))).toEqual([[g, c]])
    expect(names(filtersOf(translation, 'direct-http'))).toEqual([[g, c]])
  })

  test('by the older targetRef, too', () => {
    expect(http(translated(policy('targetRef: {kind: Service, name: a}, rules: [{}]')))).toHaveLength(1)
  })

  test('to nothing by a selector, and without a target: the status says so', () => {
    for (const spec of ['selector: {matchLabels: {app: a}}, action: DENY, rules: [{}]', 'action: DENY, rules: [{}]']) {
      const translation = translated(policy(spec))
      expect(http(translation)).toEqual([])
      expect(condition(translation).slice(0, 3)).toEqual(['WaypointAccepted', 'False', 'AncestorNotBound'])
      expect(messages(translation)).toEqual([expect.stringMatching(/warning: .*has no targetRefs, so no waypoint/)])
      expect(messages(translated(policy(spec, 'p', 'istio-system')))).toHaveLength(1)
      expect(messages(translated(policy(spec, 'p', 'elsewhere')))).toEqual([])
    }
  })

  test.each([
    ['a Service that does not exist', 'kind: Service, name: x', 'demo', 'TargetNotFound', /error: .*Service demo\/x was not found/],
    ['a Gateway that is no waypoint', 'kind: Gateway, group: gateway.networking.k8s.io, name: x', 'demo', 'TargetNotFound', /error/],
    ['a class elsewhere than in the root namespace', 'kind: GatewayClass, group: gateway.networking.k8s.io, name: istio-waypoint', 'demo', 'Invalid', /error: .*move it to istio-system/],
    ['a class that no waypoint is of', 'kind: GatewayClass, group: gateway.networking.k8s.io, name: other', 'istio-system', 'TargetNotFound', /write istio-waypoint/],
  ])('not to %s', (_, target, namespace, reason, message) => {
    const translation = translated(policy(`targetRefs: [{${target}}], rules: [{}]`, 'p', namespace))
    expect(condition(translation).slice(0, 3)).toEqual(['WaypointAccepted', 'False', reason])
    expect(messages(translation)).toEqual([expect.stringMatching(message)])
  }) // prettier-ignore

  test('not to a Service without a waypoint; of several targets one is enough', () => {
    const yaml = mesh.replace('metadata: {name: b, namespace: demo}', 'metadata: {name: b, namespace: demo, labels: {istio.io/use-waypoint: none}}') // prettier-ignore
    const both = policy('targetRefs: [{kind: Service, name: b}, {kind: Service, name: a}], rules: [{}]')
    const only = policy('targetRefs: [{kind: Service, name: b}], rules: [{}]', 'q')
    const translation = translate(ResourceStore.of(objectsFrom(yaml + both + only)), options)
    expect(condition(translation).slice(0, 3)).toEqual(['WaypointAccepted', 'True', 'PartiallyInvalid'])
    expect(condition(translation)[3]).toMatch(/^Invalid targetRefs: Service\.core:demo\/b \(/)
    expect(condition(translation, 'q').slice(1, 3)).toEqual(['False', 'AncestorNotBound'])
  })
})

describe('what cannot be carried out denies', () => {
  test('a policy that cannot be read: all of its Service', () => {
    const broken = policy(`${toA}, rules: [{to: [{operation: {path: [/a]}}]}]`)
    const { standIns } = parseObjects(broken, 'a.yaml')
    const translation = translate(ResourceStore.of([...objectsFrom(mesh), ...(standIns as AnyObject[])]), options)
    const [{ rules }] = http(translation)
    const matchesAll = { and_rules: { rules: [{ any: true }] } }
    expect(rules).toMatchObject({ action: 'DENY', policies: { 'ns[demo]-policy[p]-rule[0]': { permissions: [matchesAll] } } }) // prettier-ignore
    expect(http(translation, 'b')).toEqual([])
    expect(condition(translation)).toEqual([
      'WaypointAccepted',
      'False',
      'Invalid',
      expect.stringMatching(/cannot be read, so everything.*operation\.path: is not a field/),
    ])
    expect(messages(translation)).toEqual([expect.stringMatching(/^a\.yaml:2: error: .*cannot be read/)])
  })

  test('a policy whose target cannot be read: all of its namespace', () => {
    const broken = policy('targetRefs: [{kind: Svc, name: a}], rules: [{}]')
    const { standIns } = parseObjects(broken, 'a.yaml')
    const translation = translate(ResourceStore.of([...objectsFrom(mesh), ...(standIns as AnyObject[])]), options)
    expect(http(translation, 'b')).toMatchObject([{ rules: { action: 'DENY' } }])
    expect(filtersOf(translation, 'direct-tcp')).toMatchObject([{ rules: { action: 'DENY' } }])
  })

  test('text that seems to be a policy: everything', () => {
    const { standIns } = parseObjects('kind: AuthorizationPolicy\nspec: {rules: [', 'a.yaml')
    const translation = translate(ResourceStore.of([...objectsFrom(mesh), ...(standIns as AnyObject[])]), options)
    for (const chain of ['inbound-vip|80|http|b.', 'inbound-vip|90|tcp|a.', 'direct-http', 'direct-tcp']) {
      const [{ rules }] = filtersOf(translation, chain)
      expect(rules).toMatchObject({ action: 'DENY', policies: { 'ns[]-policy[a.yaml:1]-rule[0]': {} } })
    }
  })

  test('action CUSTOM: what its rules match, before everything else', () => {
    const rules = 'rules: [{to: [{operation: {paths: [/admin]}}]}]'
    const custom = policy(`${toA}, action: CUSTOM, provider: {name: ext}, ${rules}`)
    const translation = translated(policy(`${toA}, action: AUDIT, ${rules}`, 'audit') + custom)
    const [first, second] = http(translation)
    const name = 'istio-ext-authz-ext-ns[demo]-policy[p]-rule[0]-deny-due-to-bad-CUSTOM-action'
    expect(first.rules).toMatchObject({ action: 'DENY', policies: { [name]: {} } })
    expect(second.rules.action).toBe('LOG')
    expect(condition(translation).slice(1, 3)).toEqual(['False', 'Invalid'])
    expect(messages(translation)[0]).toMatch(/spec\.action: action CUSTOM is not carried out/)
  })
})

describe('rules', () => {
  test('are evaluated as AUDIT, DENY, ALLOW; none allows nothing', () => {
    const rule = 'rules: [{}]'
    const yaml = ['AUDIT', 'DENY'].map((action) => policy(`${toA}, action: ${action}, ${rule}`, action.toLowerCase()))
    const filters = http(translated(policy(toA) + yaml.join('')))
    expect(filters.map(({ rules }) => rules.action ?? 'ALLOW')).toEqual(['LOG', 'DENY', 'ALLOW'])
    const nothing = { permissions: [{ not_rule: { any: true } }], principals: [{ not_id: { any: true } }] }
    expect(filters[2].rules.policies).toEqual({ 'ns[demo]-policy[p]-rule[0]': nothing })
  })

  test('of a dry run are shadow rules, under the prefix of their action', () => {
    const annotated = (value: string) => `, annotations: {istio.io/dry-run: "${value}"}`
    const dry = (action: string) =>
      http(translated(policy(`${toA}, action: ${action}, rules: [{}]`, 'p', 'demo', annotated('true'))))
    expect(dry('DENY')).toMatchObject([{ shadow_rules: {}, shadow_rules_stat_prefix: 'istio_dry_run_deny_' }])
    expect(dry('ALLOW')).toMatchObject([{ shadow_rules: {}, shadow_rules_stat_prefix: 'istio_dry_run_allow_' }])
    expect(dry('ALLOW')[0]).not.toHaveProperty('rules')
    const unclear = translated(policy(`${toA}, rules: [{}]`, 'p', 'demo', annotated('yes')))
    expect(http(unclear)).toMatchObject([{ rules: {} }])
    expect(messages(unclear)).toEqual([expect.stringMatching(/neither true nor false, so the policy is enforced/)])
  })

  test('that need HTTP allow nothing on a TCP port, and deny more, with a warning', () => {
    const rules = 'rules: [{to: [{operation: {methods: [GET]}}]}, {from: [{source: {namespaces: [x]}}]}]'
    const allow = translated(policy(`${toA}, ${rules}`))
    expect(policiesOf(http(allow))).toHaveLength(2)
    expect(Object.keys(tcp(allow)[0].rules.policies)).toEqual(['ns[demo]-policy[p]-rule[1]'])
    expect(messages(allow)).toEqual([expect.stringMatching(/rules\[0\]: needs HTTP, so it allows nothing on port 90/)])
    const deny = translated(policy(`${toA}, action: DENY, ${rules}`))
    expect(policiesOf(tcp(deny))[0].permissions).toEqual([{ and_rules: { rules: [{ any: true }] } }])
    expect(messages(deny)).toEqual([expect.stringMatching(/rules\[0\]: needs HTTP: on port 90 .*it matches whatever/)])
    const elsewhere = policy(`${toA}, action: DENY, rules: [{to: [{operation: {methods: [GET], ports: ["80"]}}]}]`)
    expect(messages(translated(elsewhere))).toEqual([])
    expect(messages(translated(elsewhere.replace('"80"', '"90"')))).toEqual([expect.stringMatching(/; take 90 out of/)])
  })

  const principalsOf = (source: string, more?: Partial<TranslationOptions>) =>
    policiesOf(http(translated(policy(`${toA}, rules: [{from: [{source: ${source}}]}]`), more)))[0].principals[0]
      .and_ids.ids[0].or_ids.ids
  const regexOf = ([{ filter_state: state }]: any[]) => state.string_match.safe_regex.regex

  test('take names as they are written, whatever they mean in regular expressions', () => {
    expect(regexOf(principalsOf('{serviceAccounts: [a.b]}'))).toBe('spiffe://.+/ns/demo/(.+/|)sa/a\\.b(/.+)?')
    expect(regexOf(principalsOf('{namespaces: ["a.*"]}'))).toBe('.*/ns/a\\..*/.*')
    expect(regexOf(principalsOf('{principals: ["*/sa/a+b"]}'))).toBe('spiffe://.*/sa/a\\+b')
  })

  test('know the aliases of the trust domain', () => {
    const aliases = { mesh: { trustDomain: 'td1', trustDomainAliases: ['td2', 'old-td'] } }
    const exact = (source: string) =>
      principalsOf(source, aliases).map(({ filter_state: { string_match: m } }: any) => m.exact ?? m.prefix ?? m.safe_regex.regex) // prettier-ignore
    const account = '/ns/n/sa/s'
    expect(exact(`{principals: [td2${account}]}`)).toEqual(['td1', 'td2', 'old-td'].map((td) => `spiffe://${td}${account}`)) // prettier-ignore
    expect(exact(`{principals: [cluster.local${account}]}`)).toHaveLength(3)
    expect(exact(`{principals: ["*-td${account}"]}`)).toEqual([`spiffe://td1${account}`, `spiffe://td2${account}`, `spiffe://.*-td${account}`]) // prettier-ignore
    expect(exact(`{principals: [other${account}, "*${account}", td1/sa/s]}`)).toEqual([`spiffe://other${account}`, `spiffe://.*${account}`, 'spiffe://td1/sa/s']) // prettier-ignore
    expect(exact('{trustDomains: [td2, other]}')).toEqual(['td1', 'td2', 'old-td', 'other'].map((td) => `spiffe://${td}/`)) // prettier-ignore
  })

  test('with what probably does not mean what it says are named', () => {
    const odd = translated(
      policy(`${toA}, rules: [{from: [{source: {principals: ["spiffe://td/ns/a/sa/b"]}}], to: [{operation: {paths: ["/a/*/b"]}}], when: [{key: source.namespace, values: ["a*b"]}, {key: "request.headers[x]", values: ["a*b"]}]}]`), // prettier-ignore
    )
    expect(messages(odd)).toEqual([
      expect.stringMatching(/principals\[0\]: never matches: .*; write td\/ns\/a\/sa\/b/),
      expect.stringMatching(/paths\[0\]: has a "\*" inside, .*; write \{\*\} for one segment/),
      expect.stringMatching(/when\[1\]\.values\[0\]: has a "\*" inside/),
      expect.stringMatching(/needs HTTP, so it allows nothing on port 90/),
    ])
  })
})

test('after any series of changes policies are translated as afresh', () => {
  const variants = [
    mesh,
    mesh + policy(`${toA}, rules: [{}]`),
    mesh + policy(`${toA}, action: DENY, rules: [{}]`),
    mesh + policy('targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: waypoint}], rules: [{}]'),
    mesh + policy('targetRefs: [{kind: GatewayClass, group: gateway.networking.k8s.io, name: istio-waypoint}], rules: [{}]', 'p', 'istio-system'), // prettier-ignore
    mesh + policy('targetRefs: [{kind: Service, name: b}], rules: [{}]'),
  ]
  const translator = new Translator()
  let store = ResourceStore.empty
  for (const index of [0, 1, 2, 3, 4, 0, 4, 5, 1, 3, 5, 0]) {
    store = store.replace(objectsFrom(variants[index]))
    expect(translator.translate(store, options)).toEqual(translate(store, options))
  }
})
