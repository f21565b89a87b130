// The kinds of security.istio.io, as far as translation reads them. The fields are Istio's own (v1).

import type { KubernetesObject } from './object-meta.ts'

export interface AuthorizationPolicy extends KubernetesObject {
  readonly kind: 'AuthorizationPolicy'
  readonly spec: AuthorizationPolicySpec
  /** Set on what stands for a policy that could not be read, and so denies whatever it is attached to: what was wrong. */
  readonly unreadable?: string
}

export interface AuthorizationPolicySpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
  /** The older spelling of a single entry of `targetRefs`. */
  readonly targetRef?: PolicyTargetReference
  readonly targetRefs?: readonly PolicyTargetReference[]
  /** Default: ALLOW. */
  readonly action?: AuthorizationAction
  readonly provider?: { readonly name?: string }
  /** None: the policy never matches, so ALLOW allows nothing. */
  readonly rules?: readonly AuthorizationRule[]
}

export type AuthorizationAction = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM'

/** What a policy is attached to; always in the policy's own namespace, except a GatewayClass, which has none. */
export interface PolicyTargetReference {
  /** Empty or `core` for a Service. */
  readonly group?: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export function policyTargets({
  targetRef,
  targetRefs,
}: Pick<AuthorizationPolicySpec, 'targetRef' | 'targetRefs'>): readonly PolicyTargetReference[] {
  return targetRefs ?? (targetRef === undefined ? [] : [targetRef])
}

/** Matches if one source, one operation and every condition does. Without any of them it matches everything. */
export interface AuthorizationRule {
  readonly from?: readonly { readonly source?: AuthorizationSource }[]
  readonly to?: readonly { readonly operation?: AuthorizationOperation }[]
  readonly when?: readonly AuthorizationCondition[]
}

type Values = readonly string[]

/** Every field that is set must hold; of a field's values, one must match, and of a `not` field's none. */
export interface AuthorizationSource {
  readonly principals?: Values
  readonly notPrincipals?: Values
  readonly requestPrincipals?: Values
  readonly notRequestPrincipals?: Values
  readonly namespaces?: Values
  readonly notNamespaces?: Values
  readonly serviceAccounts?: Values
  readonly notServiceAccounts?: Values
  readonly ipBlocks?: Values
  readonly notIpBlocks?: Values
  readonly remoteIpBlocks?: Values
  readonly notRemoteIpBlocks?: Values
  readonly trustDomains?: Values
  readonly notTrustDomains?: Values
}

export interface AuthorizationOperation {
  readonly hosts?: Values
  readonly notHosts?: Values
  readonly ports?: Values
  readonly notPorts?: Values
  readonly methods?: Values
  readonly notMethods?: Values
  readonly paths?: Values
  readonly notPaths?: Values
}

export interface AuthorizationCondition {
  readonly key: string
  readonly values?: Values
  readonly notValues?: Values
}

export interface RequestAuthentication extends KubernetesObject {
  readonly kind: 'RequestAuthentication'
  readonly spec: RequestAuthenticationSpec
  /** Set on what stands for one that could not be read, and so denies whatever it is attached to: what was wrong. */
  readonly unreadable?: string
}

export interface RequestAuthenticationSpec extends Pick<
  AuthorizationPolicySpec,
  'selector' | 'targetRef' | 'targetRefs'
> {
  readonly jwtRules?: readonly JwtRule[]
}

/** A token of the issuer, if a request has one, must be valid. */
export interface JwtRule {
  readonly issuer?: string
  /** One of a token's must be among them; none: not checked. */
  readonly audiences?: Values
  readonly jwksUri?: string
  /** The older spelling. */
  readonly jwks_uri?: string
  /** A JSON Web Key Set as text. */
  readonly jwks?: string
  /** Where tokens are looked for; without any, `Authorization: Bearer` and the query parameter `access_token`. */
  readonly fromHeaders?: readonly { readonly name: string; readonly prefix?: string }[]
  readonly fromParams?: Values
  readonly fromCookies?: Values
  readonly outputPayloadToHeader?: string
  readonly outputClaimToHeaders?: readonly { readonly header: string; readonly claim: string }[]
  readonly forwardOriginalToken?: boolean
  /** Of fetching keys. */
  readonly timeout?: string
  readonly spaceDelimitedClaims?: Values
}
