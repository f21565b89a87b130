// The kinds of Gateway API, as far as translation reads them. The fields are the specification's own (v1.6), after the
// defaults of the CRDs have been filled in. Fields that are not yet carried out are typed as unknown: translation
// refuses them by path.

import type { KubernetesObject } from './object-meta.ts'

export interface GatewayClass extends KubernetesObject {
  readonly kind: 'GatewayClass'
  readonly spec: { readonly controllerName: string }
}

export interface Gateway extends KubernetesObject {
  readonly kind: 'Gateway'
  readonly spec: GatewaySpec
}

export interface GatewaySpec {
  readonly gatewayClassName: string
  readonly listeners: readonly GatewayListener[]
  readonly infrastructure?: { readonly annotations?: Readonly<Record<string, string>> }
}

export interface GatewayListener {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly hostname?: string
  readonly tls?: { readonly mode?: string }
  readonly allowedRoutes?: { readonly namespaces?: RouteNamespaces }
}

export interface RouteNamespaces {
  readonly from?: 'All' | 'Selector' | 'Same' | 'None'
  readonly selector?: LabelSelector
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

export type Route = HttpRoute | GrpcRoute | TlsRoute | TcpRoute

export interface HttpRoute extends KubernetesObject {
  readonly kind: 'HTTPRoute'
  readonly spec: HttpRouteSpec
}

export interface HttpRouteSpec {
  readonly parentRefs?: readonly ParentReference[]
  readonly hostnames?: readonly string[]
  readonly rules?: readonly HttpRouteRule[]
}

export interface ParentReference {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
  readonly sectionName?: string
  readonly port?: number
}

export interface HttpRouteRule {
  readonly name?: string
  readonly matches?: readonly HttpRouteMatch[]
  readonly filters?: readonly HttpRouteFilter[]
  readonly backendRefs?: readonly HttpBackendRef[]
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string }
  readonly retry?: { readonly codes?: readonly number[]; readonly attempts?: number; readonly backoff?: string }
  readonly sessionPersistence?: unknown
}

export interface HttpRouteMatch {
  readonly path?: { readonly type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value?: string }
  readonly headers?: readonly NamedMatch[]
  readonly queryParams?: readonly NamedMatch[]
  readonly method?: string
}

/** A match on a header or on a query parameter. */
export interface NamedMatch {
  readonly type?: 'Exact' | 'RegularExpression'
  readonly name: string
  readonly value: string
}

export interface BackendRef {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name: string
  readonly port?: number
  readonly weight?: number
}

export interface HttpBackendRef extends BackendRef {
  readonly filters?: readonly HttpRouteFilter[]
}

export interface HttpRouteFilter {
  readonly type: string
  readonly requestHeaderModifier?: HttpHeaderFilter
  readonly responseHeaderModifier?: HttpHeaderFilter
  readonly requestRedirect?: HttpRequestRedirect
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: HttpPathModifier }
  readonly requestMirror?: HttpRequestMirror
  readonly cors?: HttpCorsFilter
}

export interface HttpRequestMirror {
  readonly backendRef: Omit<BackendRef, 'weight'>
  readonly percent?: number
  readonly fraction?: { readonly numerator: number; readonly denominator?: number }
}

export interface HttpCorsFilter {
  readonly allowOrigins?: readonly string[]
  readonly allowCredentials?: boolean
  readonly allowMethods?: readonly string[]
  readonly allowHeaders?: readonly string[]
  readonly exposeHeaders?: readonly string[]
  /** Seconds. */
  readonly maxAge?: number
}

export interface HttpHeaderFilter {
  readonly set?: readonly HttpHeader[]
  readonly add?: readonly HttpHeader[]
  readonly remove?: readonly string[]
}

export interface HttpHeader {
  readonly name: string
  readonly value: string
}

export interface HttpRequestRedirect {
  readonly scheme?: 'http' | 'https'
  readonly hostname?: string
  readonly port?: number
  readonly path?: HttpPathModifier
  readonly statusCode?: 301 | 302 | 303 | 307 | 308
}

export interface HttpPathModifier {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch'
  readonly replaceFullPath?: string
  readonly replacePrefixMatch?: string
}

export interface GrpcRoute extends KubernetesObject {
  readonly kind: 'GRPCRoute'
  readonly spec: GrpcRouteSpec
}

export interface GrpcRouteSpec {
  readonly parentRefs?: readonly ParentReference[]
  readonly hostnames?: readonly string[]
  readonly rules?: readonly GrpcRouteRule[]
}

export interface GrpcRouteRule {
  readonly name?: string
  /** Absent: every call. */
  readonly matches?: readonly GrpcRouteMatch[]
  /** A subset of the filters of an HTTPRoute. */
  readonly filters?: readonly HttpRouteFilter[]
  readonly backendRefs?: readonly HttpBackendRef[]
  readonly sessionPersistence?: unknown
}

export interface GrpcRouteMatch {
  readonly method?: GrpcMethodMatch
  readonly headers?: readonly NamedMatch[]
}

export interface GrpcMethodMatch {
  readonly type?: 'Exact' | 'RegularExpression'
  readonly service?: string
  readonly method?: string
}

export interface TlsRoute extends KubernetesObject {
  readonly kind: 'TLSRoute'
  readonly spec: TcpRoute['spec'] & { readonly hostnames: readonly string[] }
}

export interface TcpRoute extends KubernetesObject {
  readonly kind: 'TCPRoute'
  readonly spec: {
    readonly parentRefs?: readonly ParentReference[]
    readonly rules: readonly { readonly name?: string; readonly backendRefs: readonly BackendRef[] }[]
  }
}

/** Which references into its namespace are allowed. Routes of a mesh need none: whoever may dial a Service may route to it. */
export interface ReferenceGrant extends KubernetesObject {
  readonly kind: 'ReferenceGrant'
  readonly spec: {
    readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[]
    readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[]
  }
}
