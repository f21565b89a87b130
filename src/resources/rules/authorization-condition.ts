// The conditions of an AuthorizationPolicy (`when`): which attributes there are, and what their values may be.

import type { FieldPath } from '../field-path.ts'
import type { AuthorizationCondition, AuthorizationSource } from '../istio-security.ts'
import type { Report } from '../schema.ts'
import {
  checkAddresses,
  checkHeaderValues,
  checkNamespaces,
  checkNotEmpty,
  checkPorts,
  checkServiceAccounts,
  checkTrustDomains,
  type ValuesCheck,
} from './authorization-values.ts'

/** The attributes without a name in brackets. */
const attributes: Readonly<Record<string, ValuesCheck>> = {
  'source.ip': checkAddresses,
  'remote.ip': checkAddresses,
  'source.namespace': checkNamespaces,
  'source.serviceAccount': checkServiceAccounts,
  'source.principal': checkNotEmpty,
  'source.trustDomain': checkTrustDomains,
  'request.auth.principal': checkNotEmpty,
  'request.auth.audiences': checkNotEmpty,
  'request.auth.presenter': checkNotEmpty,
  'destination.ip': checkAddresses,
  'destination.port': checkPorts,
  'connection.sni': checkNotEmpty,
}

/** Attributes of old versions, and what does their work now. */
const replaced: Readonly<Record<string, string>> = {
  'destination.namespace': "put the policy into the destination's namespace",
  'destination.labels': 'attach the policy by targetRefs',
  'destination.name': 'attach the policy by targetRefs',
  'destination.user': 'attach the policy by targetRefs',
}

/** What Istio does not offer in policies whose rules an external service has yet to confirm. */
export const ofCustomRules = {
  message: 'is not supported for action CUSTOM',
  forbiddenFields: [
    'principals', 'notPrincipals', 'requestPrincipals', 'notRequestPrincipals', 'namespaces', 'notNamespaces',
    'serviceAccounts', 'notServiceAccounts', 'trustDomains', 'notTrustDomains',
  ] satisfies (keyof AuthorizationSource)[], // prettier-ignore
  forbidsKey: (key: string): boolean =>
    key.startsWith('request.auth.') ||
    ['source.namespace', 'source.serviceAccount', 'source.trustDomain', 'source.principal'].includes(key),
}

export function checkCondition(condition: AuthorizationCondition, path: FieldPath, report: Report): void {
  const { key, values = [], notValues = [] } = condition
  if (values.length === 0 && notValues.length === 0) {
    report(path, 'needs values or notValues', 'add at least one value')
  }
  const check = checkOf(key, [...path, 'key'], report)
  check?.(values, [...path, 'values'], report)
  check?.(notValues, [...path, 'notValues'], report)
}

function checkOf(key: string, path: FieldPath, report: Report): ValuesCheck | undefined {
  if (Object.hasOwn(attributes, key)) return attributes[key]
  const [, attribute, name] = /^([^[]*)\[(.+)\]$/.exec(key) ?? [key, key]
  if (attribute === 'request.headers') {
    if (name === undefined) report(path, 'needs the name of a header', 'write request.headers[NAME]')
    else if (!headerName.test(name)) report(path, `${JSON.stringify(name)} is not the name of a header`)
    return checkHeaderValues
  }
  if (attribute === 'request.auth.claims') {
    if (name === undefined) report(path, 'needs the name of a claim', 'write request.auth.claims[NAME]')
    return checkNotEmpty
  }
  if (attribute.startsWith('experimental.envoy.filters.')) {
    if (name === undefined) report(path, 'needs a key of the metadata', 'write experimental.envoy.filters.FILTER[KEY]')
    return checkNotEmpty
  }
  const remedy = Object.hasOwn(replaced, attribute)
    ? replaced[attribute]
    : `write one of ${Object.keys(attributes).join(', ')}, request.headers[NAME], request.auth.claims[NAME]`
  report(path, `${JSON.stringify(key)} is no attribute of requests`, remedy)
  return undefined
}

/** RFC 9110 5.6.2, and the pseudo-headers that Envoy has. */
const headerName = /^:?[-!#$%&'*+.^_`|~\w]+$/
