import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import { ResourceStore } from '../../resources/resource-store.ts'
import { translate } from '../translate.ts'
import type { Translation } from '../translation.ts'
import { beneath } from './backend-policies.ts'

const mesh = `apiVersion: v1
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
spec: {clusterIP: 10.0.0.1, selector: {app: a}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: a, namespace: demo}
spec: {address: 10.0.0.2, labels: {app: a}}
`
const tls = (name: string, validation: string, target = '{group: "", kind: Service, name: a}') => `---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: ${name}, namespace: demo}
spec: {targetRefs: [${target}], validation: ${validation}}
`
const system = '{hostname: a.example.com, wellKnownCACertificates: System}'
const configMap = '{hostname: a.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}'

function translated(yaml: string): Translation {
  return translate(ResourceStore.of(objectsFrom(mesh + yaml)), {
    waypoint: { namespace: 'demo', name: 'waypoint' },
    now: 0,
  })
}

function clusterNames({ clusters }: Translation): string[] {
  return clusters.map(({ name }) => name).filter((name) => name.includes('|a.'))
}

/** `type status reason` of each condition of a policy. */
function conditions({ statuses }: Translation, policy: string): string[] {
  const { status } = statuses.find(({ name }) => name === policy)!
  const [ancestor] = status['ancestors'] as { conditions: { type: string; status: string; reason: string }[] }[]
  return ancestor.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
}

describe('a BackendTLSPolicy', () => {
  test('brings the secret that its cluster names', () => {
    const translation = translated(tls('t', system))
    expect(clusterNames(translation)).toHaveLength(1)
    expect(translation.secrets.map(({ name }) => name)).toEqual(['file-root:system'])
    expect(conditions(translation, 't')).toEqual(['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs'])
    expect(translation.diagnostics).toEqual([])
  })

  test('without readable roots lets nothing pass', () => {
    const translation = translated(tls('t', configMap))
    expect(clusterNames(translation)).toEqual([])
    expect(conditions(translation, 't')).toEqual([
      'Accepted False NoValidCACertificate',
      'ResolvedRefs False InvalidCACertificateRef',
    ])
    expect(translation.diagnostics.map(formatDiagnostic)).toContainEqual(
      expect.stringMatching(/BackendTLSPolicy demo\/t: .*ConfigMap demo\/ca does not exist, so requests to .* get 503/),
    )
  })

  test('for a port gives way to the older one', () => {
    const target = '{group: "", kind: Service, name: a, sectionName: http}'
    const translation = translated(tls('t', system, target) + tls('u', configMap, target))
    expect(translation.secrets.map(({ name }) => name)).toEqual(['file-root:system'])
    expect(conditions(translation, 'u')[0]).toBe('Accepted False Conflicted')
  })

  test.each([
    [
      'a port that does not exist',
      '{group: "", kind: Service, name: a, sectionName: x}',
      'Accepted False TargetNotFound',
    ],
  ])('for %s is not accepted', (_, target, condition) => {
    expect(conditions(translated(tls('t', system, target)), 't')).toContain(condition)
  })
})

test('an XBackendTrafficPolicy limits retries; what it asks for besides is named', () => {
  const policy = `---
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: x, namespace: demo}
spec: {targetRefs: [{group: "", kind: Service, name: a}], retryConstraint: {budget: {percent: 40}}, sessionPersistence: {sessionName: s}}
`
  const translation = translated(policy)
  const cluster = translation.clusters.find(({ name }) => name.includes('|a.'))!
  expect(cluster.circuitBreakers?.thresholds[0].retryBudget).toMatchObject({
    budgetPercent: { value: 40 },
    budgetInterval: { seconds: 10n },
    minRetryConcurrency: 10,
  })
  expect(translation.diagnostics.map(formatDiagnostic)).toEqual([
    expect.stringMatching(/spec\.sessionPersistence: is not carried out/),
  ])
})

test('what users write counts, field by field, and backend policies fill what they leave open', () => {
  const user = { tls: { sni: 'user' }, portLevelSettings: [{ port: { number: 80 }, outlierDetection: {} }] }
  const backend = {
    tls: { sni: 'b' },
    retryBudget: { percent: 1 },
    portLevelSettings: [{ port: { number: 80 }, tls: { sni: 'p' } }],
  }
  expect(beneath(user, backend)).toEqual({
    tls: { sni: 'user' },
    retryBudget: { percent: 1 },
    portLevelSettings: [{ port: { number: 80 }, outlierDetection: {}, tls: { sni: 'p' } }],
  })
  expect(beneath(undefined, backend)).toBe(backend)
})
