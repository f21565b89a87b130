import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { RecordingReader, ResourceStore } from '../../resources/resource-store.ts'
import { defaultMeshSettings } from '../mesh-settings.ts'
import { nowhere } from '../model/locality.ts'
import { serviceModel } from '../model/service-model.ts'
import { destinationPolicy, policyOfPort, policyOfSubset, type DestinationPolicy } from './destination-policy.ts'

const service = `apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
`
const rule = (namespace: string, name: string, spec: string) => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`
const balanced = (host: string, simple: string, more = '') =>
  `{host: "${host}", trafficPolicy: {loadBalancer: {simple: ${simple}}}${more}}`

function policyFor(rules: string, labels: Record<string, string> = {}): DestinationPolicy {
  const reader = new RecordingReader(ResourceStore.of(objectsFrom(service + rules)))
  const model = serviceModel(reader.get('Service', 'shop', 'a')!, defaultMeshSettings)
  const client = { nodeName: undefined, locality: nowhere, labels }
  return destinationPolicy(reader, model, {
    mesh: defaultMeshSettings,
    waypoint: { namespace: 'edge', name: 'w' },
    client,
  })
}

function algorithm(rules: string, labels?: Record<string, string>): string | undefined {
  return policyFor(rules, labels).server.trafficPolicy?.loadBalancer?.simple
}

const fqdn = 'a.shop.svc.cluster.local'

describe('the rule for a host', () => {
  test.each([
    ['a full name', rule('shop', 'd', balanced(fqdn, 'RANDOM'))],
    ['a short name in its own namespace', rule('shop', 'd', balanced('a', 'RANDOM'))],
    ['the end of its name', rule('shop', 'd', balanced('*.svc.cluster.local', 'RANDOM'))],
    ['everything', rule('shop', 'd', balanced('*', 'RANDOM'))],
    ['a rule of the root namespace', rule('istio-system', 'd', balanced(fqdn, 'RANDOM'))],
    ['a rule of the waypoint that it keeps to itself', rule('edge', 'd', balanced(fqdn, 'RANDOM', ', exportTo: ["."]'))],
  ])('is found by %s', (_, rules) => {
    expect(algorithm(rules)).toBe('RANDOM')
  }) // prettier-ignore

  test.each([
    ['a short name in another namespace', rule('edge', 'd', balanced('a', 'RANDOM'))],
    ['an unrelated namespace', rule('other', 'd', balanced(fqdn, 'RANDOM'))],
    ['a rule that its namespace keeps to itself', rule('shop', 'd', balanced(fqdn, 'RANDOM', ', exportTo: ["."]'))],
    ['the end of another name', rule('shop', 'd', balanced('*.example.com', 'RANDOM'))],
  ])('is not found by %s', (_, rules) => {
    expect(algorithm(rules)).toBeUndefined()
  })

  test('is the most specific one, and the waypoint’s namespace comes before that of the Service', () => {
    const wide = rule('shop', 'wide', balanced('*.shop.svc.cluster.local', 'RANDOM'))
    const own = rule('shop', 'own', balanced(fqdn, 'ROUND_ROBIN'))
    const waypoint = rule('edge', 'waypoint', balanced('*', 'LEAST_REQUEST'))
    expect(algorithm(wide + own)).toBe('ROUND_ROBIN')
    expect(algorithm(wide + own + waypoint)).toBe('LEAST_REQUEST')
  })

  test('is made of all rules for it: the oldest policy, all subsets', () => {
    const { server } = policyFor(
      rule('shop', 'x', balanced(fqdn, 'RANDOM', ', subsets: [{name: v1, labels: {version: one}}]')) +
        rule('shop', 'z', balanced('a', 'ROUND_ROBIN', ', subsets: [{name: v1}, {name: v2}]')),
    )
    expect(server.trafficPolicy?.loadBalancer?.simple).toBe('RANDOM')
    expect(server.subsets).toEqual([{ name: 'v1', labels: { version: 'one' } }, { name: 'v2' }])
  })

  test('with a selector counts for the waypoint as a client, if it selects that', () => {
    const rules =
      rule('edge', 'a', balanced(fqdn, 'RANDOM', ', workloadSelector: {matchLabels: {app: w}}')) +
      rule('edge', 'b', balanced(fqdn, 'ROUND_ROBIN'))
    expect(policyFor(rules, { app: 'w' }).client.trafficPolicy?.loadBalancer?.simple).toBe('RANDOM')
    expect(policyFor(rules, { app: 'w' }).server.trafficPolicy?.loadBalancer?.simple).toBe('ROUND_ROBIN')
    expect(policyFor(rules, { app: 'x' }).client.trafficPolicy?.loadBalancer?.simple).toBe('ROUND_ROBIN')
  })
})

describe('the settings', () => {
  const tls = { mode: 'SIMPLE' } as const
  const whole = {
    tls,
    loadBalancer: { simple: 'RANDOM' },
    retryBudget: { percent: 5 },
    portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: 'ROUND_ROBIN' } }],
  } as const

  test('of a port replace all others', () => {
    expect(policyOfPort(whole, 80)).toEqual({ loadBalancer: { simple: 'ROUND_ROBIN' } })
    expect(policyOfPort(whole, 81)).toBe(whole)
  })

  test('of a subset replace those of the host, kind by kind', () => {
    const subset = { name: 'v1', trafficPolicy: { outlierDetection: {} } }
    expect(policyOfSubset(whole, subset, 81)).toMatchObject({
      tls,
      loadBalancer: { simple: 'RANDOM' },
      outlierDetection: {},
    })
    expect(policyOfSubset(whole, { name: 'v2' }, 81)).toBe(whole)
  })

  test('of a subset’s port replace all but what ports cannot have', () => {
    const portLevelSettings = [{ port: { number: 81 }, outlierDetection: {} }]
    const policy = policyOfSubset(whole, { name: 'v1', trafficPolicy: { portLevelSettings } }, 81)
    expect(policy).toEqual({ outlierDetection: {}, retryBudget: { percent: 5 } })
  })
})
