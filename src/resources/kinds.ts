// The kinds that Cairn reads, one row each: how they are spelt, whether they live in a namespace, how they are checked.
// And the kinds that it knows of but does not carry out yet.

import type { BackendTlsPolicy, XBackendTrafficPolicy } from './backend-policy.ts'
import type { ConfigMap, EndpointSlice, Namespace, Node, Pod, Secret, Service, ServiceAccount } from './core.ts'
import type { DestinationRule } from './destination-rule.ts'
import type {
  Gateway, GatewayClass, GrpcRoute, HttpRoute, ReferenceGrant, Route, TcpRoute, TlsRoute,
} from './gateway-api.ts' // prettier-ignore
import { coreSchemas } from './generated/core-schemas.ts'
import { gatewaySchemas } from './generated/gateway-schemas.ts'
import { istioSchemas } from './generated/istio-schemas.ts'
import type { AuthorizationPolicy, RequestAuthentication } from './istio-security.ts'
import type { KubernetesObject } from './object-meta.ts'
import { checkAuthorizationPolicy } from './rules/authorization-policy.ts'
import { checkEndpointSlice, checkPod, checkService } from './rules/core.ts'
import { checkBackendTlsPolicy, checkBackendTrafficPolicy } from './rules/backend-policy.ts'
import { checkDestinationRule } from './rules/destination-rule.ts'
import { checkGateway } from './rules/gateway.ts'
import { checkGrpcRoute } from './rules/grpc-route.ts'
import { checkHttpRoute } from './rules/http-route.ts'
import { checkLayer4Route } from './rules/layer4-route.ts'
import type { NameRule } from './rules/metadata.ts'
import { checkRequestAuthentication } from './rules/request-authentication.ts'
import { checkServiceEntry, checkWorkloadEntry } from './rules/service-entry.ts'
import { denyingAuthentication, denyingPolicy } from './rules/unreadable-policy.ts'
import { checkVirtualService } from './rules/virtual-service.ts'
import type { PlainObject, Report, Schema } from './schema.ts'
import type { ServiceEntry, WorkloadEntry } from './service-entry.ts'
import type { VirtualService } from './virtual-service.ts'

/** Kind -> its type. */
export interface Kinds {
  Namespace: Namespace
  Node: Node
  ServiceAccount: ServiceAccount
  Secret: Secret
  Service: Service
  EndpointSlice: EndpointSlice
  Pod: Pod
  GatewayClass: GatewayClass
  Gateway: Gateway
  HTTPRoute: HttpRoute
  GRPCRoute: GrpcRoute
  TLSRoute: TlsRoute
  TCPRoute: TcpRoute
  ReferenceGrant: ReferenceGrant
  AuthorizationPolicy: AuthorizationPolicy
  RequestAuthentication: RequestAuthentication
  DestinationRule: DestinationRule
  ServiceEntry: ServiceEntry
  WorkloadEntry: WorkloadEntry
  ConfigMap: ConfigMap
  BackendTLSPolicy: BackendTlsPolicy
  XBackendTrafficPolicy: XBackendTrafficPolicy
  VirtualService: VirtualService
}
export type Kind = keyof Kinds
export type AnyObject = Kinds[Kind]
export type RouteKind = Route['kind']

export interface KindRow {
  readonly group: string
  /** Served versions with the same fields; the first is the one to write. */
  readonly versions: readonly string[]
  readonly namespaced: boolean
  readonly nameRule: NameRule
  readonly schema: Schema
  readonly check: (object: KubernetesObject, report: Report) => void
  /** Of kinds that guard access: what serves in place of an object that cannot be read, so that nothing opens. */
  readonly standIn: ((value: PlainObject, problem: string) => PlainObject) | undefined
}

function row<K extends Kind>(
  schema: Schema,
  group: string,
  options: {
    namespaced?: boolean
    nameRule?: NameRule
    versions?: string[]
    check?: (object: Kinds[K], report: Report) => void
    standIn?: KindRow['standIn']
  },
): KindRow {
  const { namespaced = true, nameRule = 'subdomain', versions = ['v1'], check, standIn } = options
  // The table below pairs each kind with its own check.
  return { group, versions, namespaced, nameRule, schema, check: (check ?? (() => {})) as KindRow['check'], standIn }
}

const gatewayGroup = 'gateway.networking.k8s.io'
const gatewayVersions = ['v1', 'v1beta1']
const istioSecurityGroup = 'security.istio.io'
const istioNetworkingGroup = 'networking.istio.io'
const istioNetworkingVersions = ['v1', 'v1beta1', 'v1alpha3']

export const kinds: Readonly<Record<Kind, KindRow>> = {
  Namespace: row<'Namespace'>(coreSchemas['Namespace'], '', { namespaced: false, nameRule: 'label' }),
  Node: row<'Node'>(coreSchemas['Node'], '', { namespaced: false }),
  ServiceAccount: row<'ServiceAccount'>(coreSchemas['ServiceAccount'], '', {}),
  Secret: row<'Secret'>(coreSchemas['Secret'], '', {}),
  Service: row<'Service'>(coreSchemas['Service'], '', { nameRule: 'label', check: checkService }),
  EndpointSlice: row<'EndpointSlice'>(coreSchemas['EndpointSlice'], 'discovery.k8s.io', { check: checkEndpointSlice }),
  Pod: row<'Pod'>(coreSchemas['Pod'], '', { check: checkPod }),
  GatewayClass: row<'GatewayClass'>(gatewaySchemas['GatewayClass'], gatewayGroup, {
    namespaced: false,
    versions: gatewayVersions,
  }),
  Gateway: row<'Gateway'>(gatewaySchemas['Gateway'], gatewayGroup, { versions: gatewayVersions, check: checkGateway }),
  HTTPRoute: row<'HTTPRoute'>(gatewaySchemas['HTTPRoute'], gatewayGroup, {
    versions: gatewayVersions,
    check: checkHttpRoute,
  }),
  GRPCRoute: row<'GRPCRoute'>(gatewaySchemas['GRPCRoute'], gatewayGroup, { check: checkGrpcRoute }),
  TLSRoute: row<'TLSRoute'>(gatewaySchemas['TLSRoute'], gatewayGroup, {
    versions: ['v1', 'v1alpha3'],
    check: checkLayer4Route,
  }),
  TCPRoute: row<'TCPRoute'>(gatewaySchemas['TCPRoute'], gatewayGroup, {
    versions: ['v1', 'v1alpha2'],
    check: checkLayer4Route,
  }),
  ReferenceGrant: row<'ReferenceGrant'>(gatewaySchemas['ReferenceGrant'], gatewayGroup, { versions: gatewayVersions }),
  AuthorizationPolicy: row<'AuthorizationPolicy'>(istioSchemas['AuthorizationPolicy'], istioSecurityGroup, {
    versions: ['v1', 'v1beta1'],
    check: checkAuthorizationPolicy,
    standIn: denyingPolicy,
  }),
  RequestAuthentication: row<'RequestAuthentication'>(istioSchemas['RequestAuthentication'], istioSecurityGroup, {
    versions: ['v1', 'v1beta1'],
    check: checkRequestAuthentication,
    standIn: denyingAuthentication,
  }),
  DestinationRule: row<'DestinationRule'>(istioSchemas['DestinationRule'], istioNetworkingGroup, {
    versions: istioNetworkingVersions,
    check: checkDestinationRule,
  }),
  ServiceEntry: row<'ServiceEntry'>(istioSchemas['ServiceEntry'], istioNetworkingGroup, {
    versions: istioNetworkingVersions,
    check: checkServiceEntry,
  }),
  WorkloadEntry: row<'WorkloadEntry'>(istioSchemas['WorkloadEntry'], istioNetworkingGroup, {
    versions: istioNetworkingVersions,
    check: checkWorkloadEntry,
  }),
  ConfigMap: row<'ConfigMap'>(coreSchemas['ConfigMap'], '', {}),
  BackendTLSPolicy: row<'BackendTLSPolicy'>(gatewaySchemas['BackendTLSPolicy'], gatewayGroup, {
    versions: ['v1', 'v1alpha3'],
    check: checkBackendTlsPolicy,
  }),
  XBackendTrafficPolicy: row<'XBackendTrafficPolicy'>(
    gatewaySchemas['XBackendTrafficPolicy'],
    'gateway.networking.x-k8s.io',
    { versions: ['v1alpha1'], check: checkBackendTrafficPolicy },
  ),
  VirtualService: row<'VirtualService'>(istioSchemas['VirtualService'], istioNetworkingGroup, {
    versions: istioNetworkingVersions,
    check: checkVirtualService,
  }),
}

/** `refs` of every schema resolve here. */
export const schemaDefinitions = coreSchemas

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(kinds, kind)
}
