// All routes of one port of a Service: those attached to it, merged by the specification's precedence, or Istio's default route.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { RouteSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { formatFieldPath } from '../../resources/field-path.ts'
import { describeObject, type KubernetesObject } from '../../resources/object-meta.ts'
import { sourceMetadata } from '../envoy-message.ts'
import type { TranslationReport } from '../report.ts'
import type { Attachment } from './attached-routes.ts'
import { consumerRoutes } from './consumer-routes.ts'
import type { HashPolicy } from './hash-policy.ts'
import { compareRank } from './http-route-match.ts'
import type { RouteCandidate } from './http-route.ts'
import { defaultRetryPolicy, timeLimits } from './retry-policy.ts'

type RouteInit = MessageInitShape<typeof RouteSchema>

/** Istio's bound on what a route may answer by itself. */
const maxDirectResponseBodyBytes = 1_048_576

export function routeConfiguration(
  name: string,
  port: number,
  routes: RouteInit[],
  domains: string[] = ['*'],
): MessageInitShape<typeof RouteConfigurationSchema> {
  return {
    name,
    virtualHosts: [{ name: `inbound|http|${port}`, domains, routes }],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBodyBytes,
  }
}

/** A Service without routes sends everything to its own endpoints, without a time limit. */
export function defaultRoute(
  cluster: string,
  operation: string,
  object?: KubernetesObject,
  hashPolicy?: HashPolicy,
): RouteInit {
  return {
    name: 'default',
    match: { pathSpecifier: { case: 'prefix', value: '/' } },
    decorator: { operation },
    ...(object === undefined ? {} : { metadata: { filterMetadata: sourceMetadata(object) } }),
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: cluster },
        ...timeLimits(0),
        retryPolicy: defaultRetryPolicy(),
        ...(hashPolicy && { hashPolicy: [hashPolicy] }),
      },
    },
  }
}

/**
 * The routes of one port. Those for everyone merge with each other, and so do those for the clients of one namespace, which
 * come first: for these clients they stand in place of the others (GEP-1686). `fallback` serves where nothing is attached.
 */
export function mergeRoutes(
  candidates: readonly RouteCandidate[],
  attachments: readonly Attachment[],
  fallback: readonly RouteInit[],
  report: TranslationReport,
): RouteInit[] {
  const namespaces = new Set(attachments.map(({ clientNamespace }) => clientNamespace))
  const routesFor = (clients: string | undefined) => {
    const own = candidates.filter(({ clientNamespace }) => clientNamespace === clients)
    return orderRoutes(own, report)
  }
  const consumers = [...namespaces].filter((namespace) => namespace !== undefined)
  return [
    ...consumers.flatMap((namespace) => consumerRoutes(namespace, routesFor(namespace))),
    ...(namespaces.has(undefined) ? routesFor(undefined) : fallback),
  ]
}

/**
 * Candidates come route by route, oldest first, and rule by rule; sorting is stable, so that decides between equals. What
 * follows a match of everything is left out, with a warning.
 */
function orderRoutes(candidates: readonly RouteCandidate[], report: TranslationReport): RouteInit[] {
  const ordered = [...candidates].sort((a, b) => compareRank(a.rank, b.rank))
  const last = ordered.findIndex((candidate) => candidate.matchesAll)
  if (last >= 0) {
    const { object, path } = ordered[last]
    for (const shadowed of ordered.splice(last + 1)) {
      const message = `can never match, because ${formatFieldPath(path)} of ${describeObject(object)} matches everything before it`
      report.warning(shadowed.object, shadowed.path, message, 'remove one of the two, or narrow the other')
    }
  }
  return ordered.map((candidate) => candidate.route)
}
