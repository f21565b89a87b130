// What backend policies say of a service, as a traffic policy beneath those that users write in DestinationRules.

import type { KubernetesObject } from '../../resources/object-meta.ts'
import type { FieldPath } from '../../resources/field-path.ts'
import type { RetryBudget, TrafficPolicy } from '../../resources/destination-rule.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { ServiceModel } from '../model/service-model.ts'
import { backendTlsSettings, countingTlsPolicies } from './backend-tls.ts'

export interface BackendPolicies {
  /** Undefined: there are none. */
  readonly trafficPolicy: TrafficPolicy | undefined
  /** By the TLS settings that they came to. */
  readonly origins: ReadonlyMap<unknown, { readonly object: KubernetesObject; readonly path: FieldPath }>
}

export function backendPolicies(reader: ResourceReader, service: ServiceModel): BackendPolicies {
  const { kind, metadata } = service.object
  const origins = new Map<unknown, { object: KubernetesObject; path: FieldPath }>()
  let tls: TrafficPolicy['tls']
  const portLevelSettings: NonNullable<TrafficPolicy['portLevelSettings']>[number][] = []
  for (const { policy, target } of countingTlsPolicies(reader, service.namespace, kind, metadata.name)) {
    const settings = backendTlsSettings(policy)
    origins.set(settings, { object: policy, path: ['spec', 'validation'] })
    if (target.sectionName === undefined) tls ??= settings
    else {
      const port = service.ports.find(({ name }) => name === target.sectionName)
      if (port !== undefined) portLevelSettings.push({ port: { number: port.port }, tls: settings })
    }
  }
  const retryBudget = retryBudgetOf(reader, service)
  const isEmpty = tls === undefined && retryBudget === undefined && portLevelSettings.length === 0
  return { trafficPolicy: isEmpty ? undefined : { tls, retryBudget, portLevelSettings }, origins }
}

/** What users write counts, field by field; a backend policy fills what they leave open. */
export function beneath(
  user: TrafficPolicy | undefined,
  backend: TrafficPolicy | undefined,
): TrafficPolicy | undefined {
  if (user === undefined || backend === undefined) return user ?? backend
  const ports = user.portLevelSettings ?? []
  const { portLevelSettings: beneathPorts = [] } = backend
  return {
    ...user,
    tls: user.tls ?? backend.tls,
    retryBudget: user.retryBudget ?? backend.retryBudget,
    portLevelSettings: [
      ...ports.map((own) => {
        const filled = beneathPorts.find(({ port }) => port?.number === own.port?.number)
        return own.tls === undefined && filled?.tls !== undefined ? { ...own, tls: filled.tls } : own
      }),
      ...beneathPorts.filter(({ port }) => ports.every((own) => own.port?.number !== port?.number)),
    ],
  }
}

/** The specification's defaults, which the CRD leaves out where a part of the constraint is written. */
const defaultBudgetInterval = '10s'
const defaultRetryCount = 10

/** GEP-3388. The oldest policy counts. */
function retryBudgetOf(reader: ResourceReader, { namespace, object }: ServiceModel): RetryBudget | undefined {
  if (object.kind !== 'Service') return undefined
  const policies = reader.backendTrafficPoliciesOf(namespace, { kind: 'Service', name: object.metadata.name })
  const constraint = policies.find(({ spec }) => spec.retryConstraint !== undefined)?.spec.retryConstraint
  if (constraint === undefined) return undefined
  const { budget, minRetryRate } = constraint
  return {
    ...(budget?.percent === undefined ? {} : { percent: budget.percent }),
    budgetInterval: budget?.interval ?? defaultBudgetInterval,
    minRetryConcurrency: minRetryRate?.count ?? defaultRetryCount,
  }
}
