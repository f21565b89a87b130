// An Envoy route while the parts of an HTTPRoute rule are written into it, one concern after the other.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { HeaderValueOptionSchema } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { RedirectAction_RedirectResponseCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { CorsPolicyInit } from './cors-policy.ts'
import type { MirrorPolicyInit } from './request-mirror.ts'

export type HeaderOption = MessageInitShape<typeof HeaderValueOptionSchema>

export interface HeaderChanges {
  readonly requestHeadersToAdd: HeaderOption[]
  readonly requestHeadersToRemove: string[]
  readonly responseHeadersToAdd: HeaderOption[]
  readonly responseHeadersToRemove: string[]
}

export function noHeaderChanges(): HeaderChanges {
  return { requestHeadersToAdd: [], requestHeadersToRemove: [], responseHeadersToAdd: [], responseHeadersToRemove: [] }
}

export function hasHeaderChanges(changes: HeaderChanges): boolean {
  return Object.values(changes).some((list: readonly unknown[]) => list.length > 0)
}

/** How a path is replaced: Envoy has two fields for what Gateway API does with one. */
export type PathRewrite =
  | { readonly case: 'prefixRewrite'; readonly value: string }
  | { readonly case: 'regexRewrite'; readonly value: { pattern: { regex: string }; substitution: string } }

export interface RedirectDraft {
  readonly scheme: string | undefined
  readonly hostname: string | undefined
  readonly port: number | undefined
  readonly responseCode: RedirectAction_RedirectResponseCode
  readonly path: { readonly case: 'pathRedirect'; readonly value: string } | PathRewrite | undefined
}

/** What the filters of a rule ask for; the action is made of it in the end. */
export interface RouteDraft {
  readonly headers: HeaderChanges
  hostRewrite: string | undefined
  pathRewrite: PathRewrite | undefined
  redirect: RedirectDraft | undefined
  readonly mirrors: MirrorPolicyInit[]
  cors: CorsPolicyInit | undefined
}

export function newRouteDraft(): RouteDraft {
  return {
    headers: noHeaderChanges(),
    hostRewrite: undefined,
    pathRewrite: undefined,
    redirect: undefined,
    mirrors: [],
    cors: undefined,
  }
}
