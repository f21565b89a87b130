// BackendTLSPolicies as TLS settings of a service: which of them count, and what each target comes to.

import type { BackendTarget, BackendTlsPolicy } from '../../resources/backend-policy.ts'
import type { ClientTlsSettings } from '../../resources/destination-rule.ts'
import { describeObject } from '../../resources/object-meta.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import { configMapRoots, NO_CREDENTIAL } from './credentials.ts'

/** Why a target does not get what the policy says. The reasons are those of PolicyConditionAccepted and ResolvedRefs. */
export interface BackendTlsProblem {
  readonly accepted: 'TargetNotFound' | 'Conflicted' | 'NoValidCACertificate' | 'Invalid'
  readonly resolvedRefs: 'InvalidCACertificateRef' | 'InvalidKind' | undefined
  readonly message: string
}

/** Where nobody can be verified nothing must be sent (GEP-1897): then a credential is named that cannot exist. */
export function backendTlsSettings({ metadata, spec }: BackendTlsPolicy): ClientTlsSettings {
  const { hostname, subjectAltNames = [], caCertificateRefs = [], wellKnownCACertificates } = spec.validation
  const names = subjectAltNames.map(({ type, hostname: name = '', uri = '' }) => (type === 'URI' ? uri : name))
  const ca = caCertificateRefs.at(0)
  const credentialName =
    ca === undefined
      ? wellKnownCACertificates === 'System' ? undefined : NO_CREDENTIAL
      : ca.kind === 'ConfigMap' && ca.group === '' ? `configmap://${metadata.namespace}/${ca.name}` : NO_CREDENTIAL // prettier-ignore
  return {
    mode: 'SIMPLE',
    sni: hostname,
    subjectAltNames: names.length > 0 ? names : [hostname],
    ...(credentialName === undefined ? {} : { credentialName }),
  }
}

/** Undefined: all is well. */
export function backendTlsProblem(
  reader: ResourceReader,
  policy: BackendTlsPolicy,
  target: BackendTarget,
): BackendTlsProblem | undefined {
  const missing = missingTarget(reader, policy.metadata.namespace, target)
  if (missing !== undefined) return { accepted: 'TargetNotFound', resolvedRefs: undefined, message: missing }
  const older = olderPolicy(reader, policy, target)
  if (older !== undefined) {
    const message = `conflicts with ${describeObject(older)}, which is older and names the same port`
    return { accepted: 'Conflicted', resolvedRefs: undefined, message }
  }
  return rootsProblem(reader, policy)
}

/** The policies of one service that count: of those for the same ports the oldest. */
export function countingTlsPolicies(
  reader: ResourceReader,
  namespace: string,
  kind: 'Service' | 'ServiceEntry',
  name: string,
): { readonly policy: BackendTlsPolicy; readonly target: BackendTarget }[] {
  return reader.backendTlsPoliciesOf(namespace, { kind, name }).flatMap((policy) =>
    policy.spec.targetRefs
      .filter((target) => target.kind === kind && target.name === name)
      .filter((target) => olderPolicy(reader, policy, target) === undefined)
      .map((target) => ({ policy, target })),
  )
}

function missingTarget(reader: ResourceReader, namespace: string, target: BackendTarget): string | undefined {
  const { group, kind, name, sectionName } = target
  const isService = kind === 'Service' && (group === '' || group === 'core')
  const isEntry = kind === 'ServiceEntry' && group === 'networking.istio.io'
  if (!isService && !isEntry) return `targets of kind ${kind} are not carried out`
  const object = reader.get(isService ? 'Service' : 'ServiceEntry', namespace, name)
  if (object === undefined) return `${kind} ${namespace}/${name} does not exist`
  const ports: readonly { readonly name?: string }[] = object.spec.ports ?? []
  if (sectionName === undefined || ports.some((port) => port.name === sectionName)) return undefined
  return `${kind} ${namespace}/${name} has no port ${sectionName}`
}

/** Policies come oldest first. */
function olderPolicy(
  reader: ResourceReader,
  policy: BackendTlsPolicy,
  { kind, name, sectionName }: BackendTarget,
): BackendTlsPolicy | undefined {
  const all = reader.backendTlsPoliciesOf(policy.metadata.namespace, { kind, name })
  return all
    .slice(0, Math.max(0, all.indexOf(policy)))
    .find(({ spec }) =>
      spec.targetRefs.some((one) => one.kind === kind && one.name === name && one.sectionName === sectionName),
    )
}

function rootsProblem(reader: ResourceReader, { metadata, spec }: BackendTlsPolicy): BackendTlsProblem | undefined {
  const { caCertificateRefs = [], wellKnownCACertificates } = spec.validation
  const ca = caCertificateRefs.at(0)
  if (ca === undefined) {
    if (wellKnownCACertificates === 'System') return undefined
    const message = `wellKnownCACertificates ${wellKnownCACertificates} is not known`
    return { accepted: 'Invalid', resolvedRefs: undefined, message }
  }
  if (ca.kind !== 'ConfigMap' || ca.group !== '') {
    const message = `roots of kind ${ca.kind} are not carried out`
    return { accepted: 'NoValidCACertificate', resolvedRefs: 'InvalidKind', message }
  }
  const roots = configMapRoots(reader, metadata.namespace, ca.name)
  if (!('problem' in roots)) return undefined
  return { accepted: 'NoValidCACertificate', resolvedRefs: 'InvalidCACertificateRef', message: roots.problem }
}
