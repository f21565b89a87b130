// What a route of a VirtualService does with a request -> Envoy's action: destinations, a redirect, or an answer.

import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  RedirectAction_RedirectResponseCode as Code,
  type RedirectActionSchema,
  type RouteActionSchema,
  type RouteSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import { parseGoDuration } from '../../resources/go-duration.ts'
import type {
  HttpRedirect,
  HttpRewrite,
  HttpRouteDestination,
  VirtualHttpRoute,
  VirtualService,
} from '../../resources/virtual-service.ts'
import type { Refuse } from '../routes/header-modifier.ts'
import { mirrorPolicy, type MirrorPolicyInit } from '../routes/request-mirror.ts'
import { timeLimits } from '../routes/retry-policy.ts'
import { noHeaderChanges } from '../routes/route-draft.ts'
import { targetOf } from './destination.ts'
import { addHeaderChanges, hostOf } from './header-operations.ts'
import { retries } from './retries.ts'
import { percentShare, wholePercentShare, type Share } from './share.ts'
import type { VirtualRouteContext } from './virtual-route.ts'

type RouteActionInit = MessageInitShape<typeof RouteActionSchema>
export type ActionInit = NonNullable<MessageInitShape<typeof RouteSchema>['action']>

export function virtualAction(
  owner: VirtualService,
  route: VirtualHttpRoute,
  path: FieldPath,
  context: VirtualRouteContext,
  refuse: Refuse,
): ActionInit {
  const { redirect, directResponse } = route
  if (redirect !== undefined) {
    return { case: 'redirect', value: redirectAction(redirect, context.port.port, [...path, 'redirect'], refuse) }
  }
  if (directResponse !== undefined) {
    const { status, body } = directResponse
    const value = body?.bytes === undefined ? body?.string : Buffer.from(body.bytes, 'base64').toString()
    const text = value === undefined ? {} : { body: { specifier: { case: 'inlineString' as const, value } } }
    return { case: 'directResponse', value: { status, ...text } }
  }
  return { case: 'route', value: routeAction(owner, route, path, context) }
}

function routeAction(
  owner: VirtualService,
  route: VirtualHttpRoute,
  path: FieldPath,
  context: VirtualRouteContext,
): RouteActionInit {
  const all = route.route ?? []
  const shares = all.length === 1 ? all : all.filter(({ weight = 0 }) => weight > 0)
  const targets = shares.map((one) => {
    return targetOf(owner, one.destination, [...path, 'route', all.indexOf(one), 'destination'], context)
  })
  const hashPolicy = targets.map((target) => target.hashPolicy).filter((policy) => policy !== undefined)
  const names = targets.map((target) => target.cluster)
  const retryPolicy = retries(route.retries, targets.length === 1 && hashPolicy.length > 0)
  const timeoutMs = route.timeout === undefined ? 0 : (parseGoDuration(route.timeout) ?? 0)
  const host =
    route.rewrite?.authority ?? hostOf(route.headers) ?? (all.length === 1 ? hostOf(all[0].headers) : undefined)
  return {
    clusterSpecifier: names.length === 1 ? { case: 'cluster', value: names[0] } : weightedClusters(shares, names),
    ...timeLimits(timeoutMs),
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    hashPolicy,
    requestMirrorPolicies: mirrorsOf(owner, route, path, context),
    ...pathRewrite(route.rewrite),
    ...(host === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: host } }),
  }
}

function weightedClusters(
  shares: readonly HttpRouteDestination[],
  names: readonly string[],
): RouteActionInit['clusterSpecifier'] {
  const clusters = shares.map(({ weight = 0, headers }, index) => {
    const changes = noHeaderChanges()
    addHeaderChanges(headers, changes)
    const host = hostOf(headers)
    const rewrite =
      host === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral' as const, value: host } }
    return { name: names[index], weight, ...changes, ...rewrite }
  })
  return { case: 'weightedClusters', value: { clusters } }
}

function pathRewrite(rewrite: HttpRewrite | undefined): Pick<RouteActionInit, 'prefixRewrite' | 'regexRewrite'> {
  const regex = rewrite?.uriRegexRewrite
  if (regex !== undefined) {
    return { regexRewrite: { pattern: { regex: regex.match ?? '' }, substitution: regex.rewrite ?? '' } }
  }
  return rewrite?.uri === undefined ? {} : { prefixRewrite: rewrite.uri }
}

function mirrorsOf(
  owner: VirtualService,
  route: VirtualHttpRoute,
  path: FieldPath,
  context: VirtualRouteContext,
): MirrorPolicyInit[] {
  const mirrors = (route.mirrors ?? []).map(({ destination, percentage }, index) => {
    const share: Share = percentShare(percentage) ?? { numerator: 100 }
    return { destination, share, at: [...path, 'mirrors', index, 'destination'] }
  })
  const { mirror } = route
  if (mirror !== undefined) {
    const whole = route.mirrorPercent ?? route.mirror_percent ?? 100
    const share: Share = percentShare(route.mirrorPercentage) ?? wholePercentShare(whole)
    mirrors.push({ destination: mirror, share, at: [...path, 'mirror'] })
  }
  return mirrors
    .filter(({ share }) => (share.numerator ?? 0) > 0)
    .map(({ destination, share, at }) => mirrorPolicy(targetOf(owner, destination, at, context).cluster, share))
}

const responseCodes: Readonly<Record<number, Code>> = { 0: Code.MOVED_PERMANENTLY, 301: Code.MOVED_PERMANENTLY, 302: Code.FOUND, 303: Code.SEE_OTHER, 307: Code.TEMPORARY_REDIRECT, 308: Code.PERMANENT_REDIRECT } // prettier-ignore

function redirectAction(
  redirect: HttpRedirect,
  servicePort: number,
  path: FieldPath,
  refuse: Refuse,
): MessageInitShape<typeof RedirectActionSchema> {
  const { uri, prefixRewrite, authority = '', scheme, redirectCode = 0 } = redirect
  const responseCode = responseCodes[redirectCode] as Code | undefined
  if (responseCode === undefined) {
    refuse([...path, 'redirectCode'], `${redirectCode} is no redirect`, 'write one of 301, 302, 303, 307 and 308')
  }
  return {
    responseCode: responseCode ?? Code.MOVED_PERMANENTLY,
    hostRedirect: authority,
    portRedirect: redirectPort(redirect, servicePort),
    ...(scheme === undefined ? {} : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: scheme } }),
    ...(uri === undefined ? {} : { pathRewriteSpecifier: { case: 'pathRedirect', value: uri } }),
    ...(prefixRewrite === undefined ? {} : { pathRewriteSpecifier: { case: 'prefixRewrite', value: prefixRewrite } }),
  }
}

/** 0: as the request has it, or the default of the scheme. */
function redirectPort({ port, derivePort }: HttpRedirect, servicePort: number): number {
  if (port !== undefined) return port
  return derivePort === 'FROM_REQUEST_PORT' && servicePort !== 80 ? servicePort : 0
}
