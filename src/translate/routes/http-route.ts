// One HTTPRoute, as one of its parents sees it -> Envoy routes that still have to be put in order among those of other
// HTTPRoutes. A rule that asks for something that is not carried out keeps its matches and answers 500.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteAction_ClusterNotFoundResponseCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { RouteAction_ClusterNotFoundResponseCode as NotFoundCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type {
  RedirectActionSchema,
  RouteActionSchema,
  RouteSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type { HttpRoute, HttpRouteMatch, HttpRouteRule } from '../../resources/gateway-api.ts'
import { sourceMetadata } from '../envoy-message.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { backendsOf, type Backend, type BackendContext } from './backends.ts'
import { decoratorOperation } from './decorator.ts'
import { applyRuleFilters } from './http-route-filters.ts'
import { matchesAll, matchRank, routeMatch, type MatchRank } from './http-route-match.ts'
import { routeTimes, timeLimits } from './retry-policy.ts'
import { hasHeaderChanges, newRouteDraft, type RedirectDraft, type RouteDraft } from './route-draft.ts'

type RouteInit = MessageInitShape<typeof RouteSchema>
type RouteActionInit = MessageInitShape<typeof RouteActionSchema>
type ActionInit = NonNullable<RouteInit['action']>

/** One match of one rule: each competes on its own. */
export interface RouteCandidate {
  readonly rank: MatchRank
  readonly matchesAll: boolean
  readonly route: RouteInit
  readonly object: HttpRoute
  readonly path: FieldPath
}

export interface HttpRouteContext extends Omit<BackendContext, 'refuse'> {
  readonly service: ServiceModel
  readonly port: ServicePortModel
  /** The rule of this index is not carried out as written, because of the field at `path`. */
  readonly refuseRule: (rule: number, path: FieldPath, message: string, remedy?: string) => void
  /** Whether the parent names the port: it is part of the name that tracing shows. */
  readonly parentNamesPort: boolean
}

export function httpRouteCandidates(object: HttpRoute, context: HttpRouteContext): RouteCandidate[] {
  return (object.spec.rules ?? []).flatMap((rule, index) => ruleCandidates(object, rule, index, context))
}

function ruleCandidates(
  object: HttpRoute,
  rule: HttpRouteRule,
  index: number,
  context: HttpRouteContext,
): RouteCandidate[] {
  const path = ['spec', 'rules', index]
  let refused = false
  const refuse = (at: FieldPath, message: string, remedy?: string) => {
    refused = true
    context.refuseRule(index, at, message, remedy)
  }
  const draft = newRouteDraft()
  applyRuleFilters(draft, path, { rule, servicePort: context.port.port, refuse })
  const backends = backendsOf(object, rule, path, { ...context, refuse })
  if (rule.sessionPersistence !== undefined) {
    refuse([...path, 'sessionPersistence'], 'is not carried out', 'remove it; until then the rule answers 500')
  }
  const action = refused ? internalServerError() : actionOf(draft, rule, backends)
  const matches: readonly HttpRouteMatch[] = rule.matches ?? [{}]
  return matches.flatMap((match, at): RouteCandidate[] => {
    let readable = true
    const unreadable = (where: FieldPath, message: string, remedy?: string) => {
      readable = false
      context.refuseRule(index, where, message, remedy)
    }
    const envoyMatch = routeMatch(match, [...path, 'matches', at], unreadable)
    if (!readable) return []
    const route: RouteInit = {
      name: rule.name ?? `${object.metadata.namespace}.${object.metadata.name}.${index}`,
      match: envoyMatch,
      action,
      ...(refused ? {} : draft.headers),
      metadata: { filterMetadata: sourceMetadata(object, `spec.rules[${index}]`) },
      decorator: { operation: decoratorOperation(action, match, object, context) },
    }
    return [{ rank: matchRank(match), matchesAll: matchesAll(match), route, object, path: [...path, 'matches', at] }]
  })
}

function internalServerError(): ActionInit {
  return { case: 'directResponse', value: { status: 500 } }
}

function actionOf(draft: RouteDraft, rule: HttpRouteRule, backends: readonly Backend[]): ActionInit {
  if (draft.redirect !== undefined) return { case: 'redirect', value: redirectAction(draft.redirect) }
  if (backends.length === 0) return internalServerError()
  const hashPolicy = backends.map((backend) => backend.hashPolicy).filter((policy) => policy !== undefined)
  const { timeoutMs, retryPolicy } = routeTimes(rule, { sameHost: backends.length === 1 && hashPolicy.length > 0 })
  return {
    case: 'route',
    value: {
      clusterSpecifier: clusterSpecifier(backends),
      clusterNotFoundResponseCode: notFoundCode,
      ...timeLimits(timeoutMs),
      retryPolicy,
      hashPolicy,
      ...(draft.hostRewrite === undefined
        ? {}
        : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: draft.hostRewrite } }),
      ...(draft.pathRewrite?.case === 'prefixRewrite' ? { prefixRewrite: draft.pathRewrite.value } : {}),
      ...(draft.pathRewrite?.case === 'regexRewrite' ? { regexRewrite: draft.pathRewrite.value } : {}),
    },
  }
}

const notFoundCode: RouteAction_ClusterNotFoundResponseCode = NotFoundCode.INTERNAL_SERVER_ERROR

function clusterSpecifier(backends: readonly Backend[]): RouteActionInit['clusterSpecifier'] {
  if (backends.length === 1 && !hasHeaderChanges(backends[0].headers)) {
    return { case: 'cluster', value: backends[0].cluster }
  }
  const clusters = backends.map(({ cluster, weight, headers }) => ({ name: cluster, weight, ...headers }))
  return { case: 'weightedClusters', value: { clusters } }
}

function redirectAction(redirect: RedirectDraft): MessageInitShape<typeof RedirectActionSchema> {
  return {
    responseCode: redirect.responseCode,
    hostRedirect: redirect.hostname ?? '',
    portRedirect: redirect.port ?? 0,
    ...(redirect.scheme === undefined
      ? {}
      : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: redirect.scheme } }),
    ...(redirect.path === undefined ? {} : { pathRewriteSpecifier: redirect.path }),
  }
}
