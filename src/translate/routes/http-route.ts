// One HTTPRoute or GRPCRoute, as one of its parents sees it -> Envoy routes that still have to be put in order among those of
// others of its kind. A rule that asks for something that is not carried out keeps its matches and answers with an error.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { RouteAction_ClusterNotFoundResponseCode as NotFoundCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type {
  RedirectActionSchema,
  RouteActionSchema,
  RouteSchema,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type { GrpcRoute, GrpcRouteRule, HttpRoute, HttpRouteRule } from '../../resources/gateway-api.ts'
import { CorsPolicySchema } from '../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js'
import { any, sourceMetadata } from '../envoy-message.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { backendsOf, mirrorTargetOf, type Backend, type BackendContext } from './backends.ts'
import { corsFilterName } from './cors-policy.ts'
import { decoratorOperation } from './decorator.ts'
import { compileGrpcMatch } from './grpc-route-match.ts'
import type { Refuse } from './header-modifier.ts'
import { applyRuleFilters, type FilterContext } from './http-route-filters.ts'
import { compileHttpMatch, type CompiledMatch, type MatchRank } from './http-route-match.ts'
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
  readonly object: HttpRoute | GrpcRoute
  readonly clientNamespace: string | undefined
  readonly path: FieldPath
}

export interface HttpRouteContext extends BackendContext {
  readonly service: ServiceModel
  readonly port: ServicePortModel
  /** The rule of this index is not carried out as written, because of the field at `path`. */
  readonly refuseRule: (rule: number, path: FieldPath, message: string, remedy?: string) => void
  /** Of a consumer route: whose requests it is for. */
  readonly clientNamespace: string | undefined
  /** Whether the parent names the port: it is part of the name that tracing shows. */
  readonly parentNamesPort: boolean
}

/** How requests that cannot be sent on are answered: what a gRPC client takes for UNAVAILABLE, and 500 for others. */
interface FailureCodes {
  readonly status: number
  readonly clusterNotFound: NotFoundCode
}

const httpFailure: FailureCodes = { status: 500, clusterNotFound: NotFoundCode.INTERNAL_SERVER_ERROR }
const grpcFailure: FailureCodes = { status: 503, clusterNotFound: NotFoundCode.SERVICE_UNAVAILABLE }

/** A rule of either kind. */
interface CommonRule {
  readonly rule: HttpRouteRule
  readonly matches: readonly ((path: FieldPath, refuse: Refuse) => CompiledMatch)[]
  readonly failure: FailureCodes
}

export function routeCandidates(object: HttpRoute | GrpcRoute, context: HttpRouteContext): RouteCandidate[] {
  const rules = object.kind === 'GRPCRoute' ? object.spec.rules?.map(grpcRule) : object.spec.rules?.map(httpRule)
  return (rules ?? []).flatMap((rule, index) => ruleCandidates(object, rule, index, context))
}

function httpRule(rule: HttpRouteRule): CommonRule {
  const matches = rule.matches ?? [{}]
  const compile = matches.map((match) => (path: FieldPath, refuse: Refuse) => compileHttpMatch(match, path, refuse))
  return { rule, matches: compile, failure: httpFailure }
}

function grpcRule({ matches = [{}], ...rule }: GrpcRouteRule): CommonRule {
  const compile = matches.map((match) => (path: FieldPath, refuse: Refuse) => compileGrpcMatch(match, path, refuse))
  return { rule, matches: compile, failure: grpcFailure }
}

function ruleCandidates(
  object: HttpRoute | GrpcRoute,
  { rule, matches, failure }: CommonRule,
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
  const mirrorTarget: FilterContext['mirrorTarget'] = (ref, at) => mirrorTargetOf(object, ref, at, context)
  applyRuleFilters(draft, path, { rule, servicePort: context.port.port, mirrorTarget, refuse })
  const backends = backendsOf(object, rule.backendRefs ?? [], path, context, refuse)
  if (rule.sessionPersistence !== undefined) {
    refuse([...path, 'sessionPersistence'], 'is not carried out', 'remove it; until then the rule answers 500')
  }
  const action = refused ? failing(failure) : actionOf(draft, rule, backends, failure)
  return matches.flatMap((compile, at): RouteCandidate[] => {
    let readable = true
    const unreadable = (where: FieldPath, message: string, remedy?: string) => {
      readable = false
      context.refuseRule(index, where, message, remedy)
    }
    const { match, rank, matchesAll, operationPath } = compile([...path, 'matches', at], unreadable)
    if (!readable) return []
    const route: RouteInit = {
      name: rule.name ?? `${object.metadata.namespace}.${object.metadata.name}.${index}`,
      match,
      action,
      ...(refused ? {} : draft.headers),
      ...(refused ? {} : perFilterConfig(draft)),
      metadata: { filterMetadata: sourceMetadata(object, `spec.rules[${index}]`) },
      decorator: { operation: decoratorOperation(action, operationPath, object, context) },
    }
    const { clientNamespace } = context
    return [{ rank, matchesAll, route, object, clientNamespace, path: [...path, 'matches', at] }]
  })
}

/** What the route says to HTTP filters. */
function perFilterConfig({ cors }: RouteDraft): Pick<RouteInit, 'typedPerFilterConfig'> {
  return cors === undefined ? {} : { typedPerFilterConfig: { [corsFilterName]: any(CorsPolicySchema, cors) } }
}

function failing({ status }: FailureCodes): ActionInit {
  return { case: 'directResponse', value: { status } }
}

function actionOf(
  draft: RouteDraft,
  rule: HttpRouteRule,
  backends: readonly Backend[],
  failure: FailureCodes,
): ActionInit {
  if (draft.redirect !== undefined) return { case: 'redirect', value: redirectAction(draft.redirect) }
  if (backends.length === 0) return failing(failure)
  const hashPolicy = backends.map((backend) => backend.hashPolicy).filter((policy) => policy !== undefined)
  const { timeoutMs, retryPolicy } = routeTimes(rule, { sameHost: backends.length === 1 && hashPolicy.length > 0 })
  return {
    case: 'route',
    value: {
      clusterSpecifier: clusterSpecifier(backends),
      clusterNotFoundResponseCode: failure.clusterNotFound,
      ...timeLimits(timeoutMs),
      retryPolicy,
      hashPolicy,
      requestMirrorPolicies: draft.mirrors,
      ...(draft.hostRewrite === undefined
        ? {}
        : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: draft.hostRewrite } }),
      ...(draft.pathRewrite?.case === 'prefixRewrite' ? { prefixRewrite: draft.pathRewrite.value } : {}),
      ...(draft.pathRewrite?.case === 'regexRewrite' ? { regexRewrite: draft.pathRewrite.value } : {}),
    },
  }
}

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
