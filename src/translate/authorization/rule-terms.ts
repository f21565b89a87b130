// One rule of an AuthorizationPolicy as alternatives, each of which is a list of terms that must all hold: one list per source
// and one per operation, with the conditions in each of them. Terms stand in istiod's order.

import type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationRule,
  AuthorizationSource,
} from '../../resources/istio-security.ts'
import type { Attribute, Term } from './attribute.ts'
import type { PermissionInit, PrincipalInit } from './combine.ts'
import * as asked from './permission-attributes.ts'
import * as asking from './principal-attributes.ts'

export interface RuleTerms {
  readonly permissions: readonly (readonly Term<PermissionInit>[])[]
  readonly principals: readonly (readonly Term<PrincipalInit>[])[]
}

export function ruleTerms(rule: AuthorizationRule): RuleTerms {
  const permissions: Term<PermissionInit>[] = []
  const principals: Term<PrincipalInit>[] = []
  for (const condition of rule.when ?? []) addCondition(condition, permissions, principals)
  return {
    permissions: alternatives(rule.to, ({ operation }) => [...operationTerms(operation ?? {}), ...permissions]),
    principals: alternatives(rule.from, ({ source }) => [...sourceTerms(source ?? {}), ...principals]),
  }
}

/** A rule without sources, or without operations, has one alternative: its conditions. */
function alternatives<Entry extends object, T>(
  entries: readonly Entry[] | undefined,
  terms: (entry: Partial<Entry>) => Term<T>[],
): Term<T>[][] {
  return entries === undefined || entries.length === 0 ? [terms({})] : entries.map(terms)
}

function sourceTerms(source: AuthorizationSource): Term<PrincipalInit>[] {
  return [
    ...term(asking.sourcePrincipal, source.principals, source.notPrincipals),
    ...term(asking.requestPrincipal, source.requestPrincipals, source.notRequestPrincipals),
    ...term(asking.sourceServiceAccount, source.serviceAccounts, source.notServiceAccounts),
    ...term(asking.sourceTrustDomain, source.trustDomains, source.notTrustDomains),
    ...term(asking.sourceNamespace, source.namespaces, source.notNamespaces),
    ...term(asking.remoteIp, source.remoteIpBlocks, source.notRemoteIpBlocks),
    ...term(asking.sourceIp, source.ipBlocks, source.notIpBlocks),
  ]
}

function operationTerms(operation: AuthorizationOperation): Term<PermissionInit>[] {
  return [
    ...term(asked.requestHost, operation.hosts, operation.notHosts),
    ...term(asked.requestMethod, operation.methods, operation.notMethods),
    ...term(asked.requestPath, operation.paths, operation.notPaths),
    ...term(asked.destinationPort, operation.ports, operation.notPorts),
  ]
}

const permissionKeys: Readonly<Record<string, Attribute<PermissionInit>>> = {
  'destination.ip': asked.destinationIp,
  'destination.port': asked.destinationPort,
  'connection.sni': asked.serverName,
}

const principalKeys: Readonly<Record<string, Attribute<PrincipalInit>>> = {
  'source.ip': asking.sourceIp,
  'remote.ip': asking.remoteIp,
  'source.namespace': asking.sourceNamespace,
  'source.trustDomain': asking.sourceTrustDomain,
  'source.serviceAccount': asking.sourceServiceAccount,
  'source.principal': asking.sourcePrincipal,
  'request.auth.principal': asking.requestPrincipal,
  'request.auth.audiences': asking.requestAudiences,
  'request.auth.presenter': asking.requestPresenter,
}

/** Parsing has refused every other key. */
function addCondition(
  { key, values, notValues }: AuthorizationCondition,
  permissions: Term<PermissionInit>[],
  principals: Term<PrincipalInit>[],
): void {
  if (Object.hasOwn(permissionKeys, key)) permissions.push(...term(permissionKeys[key], values, notValues))
  else if (Object.hasOwn(principalKeys, key)) principals.push(...term(principalKeys[key], values, notValues))
  else {
    const [, attribute, name] = /^([^[]*)\[(.+)\]$/.exec(key)!
    if (attribute === 'request.headers') principals.push(...term(asking.requestHeader(name), values, notValues))
    else if (attribute === 'request.auth.claims') {
      principals.push(...term(asking.requestClaim(claimPath(name)), values, notValues))
    } else {
      const filter = attribute.slice('experimental.'.length)
      permissions.push(...term(asked.filterMetadata(filter, name), values, notValues))
    }
  }
}

/** `a][b` is the claim b inside a; what is not nested in this way is one name. */
function claimPath(inside: string): string[] {
  const parts = inside.split('][')
  return parts.every((part) => part !== '' && !/[[\]]/.test(part)) ? parts : [inside]
}

function term<T>(
  attribute: Attribute<T>,
  values: readonly string[] = [],
  notValues: readonly string[] = [],
): Term<T>[] {
  return values.length === 0 && notValues.length === 0 ? [] : [{ attribute, values, notValues }]
}
