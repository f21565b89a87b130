// envoy.config.route.v3.RouteAction as a ClusterAction.

import { RouteAction_ClusterNotFoundResponseCode as NotFoundCode } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type {
  Route as RouteMessage,
  RouteAction,
  VirtualHost,
  WeightedCluster as WeightedClusterMessage,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { anyUnpack } from '@bufbuild/protobuf/wkt'
import { RoutingPriority } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { TypedExtensionConfig } from '../../envoy/generated/envoy/config/core/v3/extension_pb.js'
import { UriTemplateRewriteConfigSchema } from '../../envoy/generated/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb.js'
import { compileRegex } from '../../lib/linear-regex.ts'
import { Problems } from '../../lib/problems.ts'
import { metadataMatch } from '../cluster/load-balancing/metadata-match.ts'
import { compileTemplateExtension } from '../matching/route-match.ts'
import { compileTemplateRewrite } from '../matching/uri-template.ts'
import { durationMs, metadataOf } from '../stream/config-values.ts'
import { compileRetryPolicy } from './compile-retry-policy.ts'
import { compileHashPolicies } from './compile-hash-policy.ts'
import { matchedLength } from './compile-route-answers.ts'
import { noteConfigured } from './compile-route-level.ts'
import type { RouteContext } from './compile-route-level.ts'
import { compileMirrorPolicies } from './mirror-policy.ts'
import type { PathRewrite } from './path-rewrite.ts'
import type { ClusterAction, ClusterChoice, HostRewrite, PerFilterConfigs, UpgradeConfig } from './route-config.ts'

const DEFAULT_TIMEOUT_MS = 15_000

export function compileClusterAction(
  route: RouteMessage,
  message: RouteAction,
  host: VirtualHost,
  perFilter: PerFilterConfigs,
  context: RouteContext,
  problems: Problems,
): ClusterAction {
  const retryPolicy = message.retryPolicy ?? host.retryPolicy
  const stream = message.maxStreamDuration
  const mirrors = compileMirrorPolicies(
    message.requestMirrorPolicies,
    context.formats,
    problems.at('request_mirror_policies'),
  )
  const limit = route.requestBodyBufferLimit ?? route.perRequestBufferLimitBytes ?? host.perRequestBufferLimitBytes
  return {
    kind: 'cluster',
    clusters: compileChoice(message, perFilter, context, problems),
    clusterNotFoundStatus: notFoundStatus(message.clusterNotFoundResponseCode),
    // A route with limits of the stream has no other ones (Envoy: RouteEntry::usingNewTimeouts).
    timeoutMs: stream !== undefined ? 0 : (durationMs(message.timeout) ?? DEFAULT_TIMEOUT_MS),
    idleTimeoutMs: durationMs(message.idleTimeout),
    maxGrpcTimeoutMs: stream !== undefined ? undefined : durationMs(message.maxGrpcTimeout),
    grpcTimeoutOffsetMs: durationMs(message.grpcTimeoutOffset) ?? 0,
    maxStreamDurationMs: durationMs(stream?.maxStreamDuration),
    grpcTimeoutHeaderMaxMs: durationMs(stream?.grpcTimeoutHeaderMax),
    grpcTimeoutHeaderOffsetMs: durationMs(stream?.grpcTimeoutHeaderOffset) ?? 0,
    retryPolicy: retryPolicy === undefined ? undefined : compileRetryPolicy(retryPolicy, problems.at('retry_policy')),
    mirrors: mirrors.length === 0 ? context.mirrors : mirrors,
    metadataMatch: metadataMatch(metadataOf(message.metadataMatch)),
    hashPolicies: compileHashPolicies(message.hashPolicy, problems.at('hash_policy')),
    hedgesOnPerTryTimeout: (message.hedgePolicy ?? host.hedgePolicy)?.hedgeOnPerTryTimeout ?? false,
    pathRewrite: compilePathRewrite(route, message, problems),
    hostRewrite: compileHostRewrite(message, problems),
    appendXForwardedHost: message.appendXForwardedHost,
    upgrades: compileUpgrades(message),
    priority: message.priority === RoutingPriority.HIGH ? 'high' : 'default',
    retryBufferLimitBytes: limit === undefined ? undefined : Number(limit),
  }
}

function notFoundStatus(code: NotFoundCode): number {
  if (code === NotFoundCode.NOT_FOUND) return 404
  return code === NotFoundCode.INTERNAL_SERVER_ERROR ? 500 : 503
}

function compileChoice(
  message: RouteAction,
  perFilter: PerFilterConfigs,
  context: RouteContext,
  problems: Problems,
): ClusterChoice {
  const specifier = message.clusterSpecifier
  switch (specifier.case) {
    case 'cluster':
      return { kind: 'single', name: specifier.value }
    case 'clusterHeader':
      return { kind: 'header', header: specifier.value.toLowerCase() }
    case 'weightedClusters':
      return compileWeighted(specifier.value, message, perFilter, context, problems.at('weighted_clusters'))
    default:
      problems.add('a route action needs one of cluster, cluster_header and weighted_clusters')
      return { kind: 'single', name: '' }
  }
}

function compileWeighted(
  message: WeightedClusterMessage,
  route: RouteAction,
  perFilter: PerFilterConfigs,
  context: RouteContext,
  problems: Problems,
): ClusterChoice {
  const ofRoute = metadataMatch(metadataOf(route.metadataMatch))
  const clusters = message.clusters.map((entry, index) => {
    const level = context.compileLevel(entry, problems.at('clusters').at(index))
    noteConfigured(context.configured, level.perFilter)
    const rewrite = entry.hostRewriteSpecifier
    return {
      name: entry.name,
      weight: entry.weight ?? 0,
      ...level,
      perFilter: context.mergePerFilter(perFilter, level.perFilter),
      hostRewrite: rewrite.case === 'hostRewriteLiteral' ? rewrite.value : '',
      metadataMatch: metadataMatch(metadataOf(entry.metadataMatch), ofRoute),
    }
  })
  const totalWeight = clusters.reduce((sum, entry) => sum + entry.weight, 0)
  if (totalWeight === 0) problems.at('clusters').add('the sum of the weights must be greater than 0')
  const specifier = message.randomValueSpecifier
  const randomValueHeader = specifier.case === 'headerName' ? specifier.value.toLowerCase() : ''
  return { kind: 'weighted', clusters, totalWeight, randomValueHeader }
}

function compilePathRewrite(route: RouteMessage, message: RouteAction, problems: Problems): PathRewrite | undefined {
  const { regexRewrite, prefixRewrite, pathRewritePolicy } = message
  const isTemplate = route.match?.pathSpecifier.case === 'pathMatchPolicy'
  if ([regexRewrite !== undefined, prefixRewrite !== '', pathRewritePolicy !== undefined].filter(Boolean).length > 1) {
    problems.add('only one of prefix_rewrite, regex_rewrite and path_rewrite_policy may be set')
  }
  if (pathRewritePolicy !== undefined) {
    return compileRewritePolicy(pathRewritePolicy, route, problems.at('path_rewrite_policy'))
  }
  if (regexRewrite !== undefined) {
    const at = problems.at('regex_rewrite')
    const regex = compileRegex(regexRewrite.pattern?.regex ?? '', at.at('pattern'))
    const rewrite = regex?.compileRewrite(regexRewrite.substitution, at)
    return rewrite === undefined ? undefined : { kind: 'regex', rewrite }
  }
  if (prefixRewrite === '') return undefined
  if (isTemplate) problems.at('prefix_rewrite').add('it cannot be used with path_match_policy')
  const matched = matchedLength(route.match)
  if (matched === Number.MAX_SAFE_INTEGER) return { kind: 'whole', replacement: prefixRewrite }
  return { kind: 'prefix', matched, replacement: prefixRewrite }
}

/** Both the match and the rewrite are templates, the only extensions that there are. */
function compileRewritePolicy(
  extension: TypedExtensionConfig,
  route: RouteMessage,
  problems: Problems,
): PathRewrite | undefined {
  const config = extension.typedConfig && anyUnpack(extension.typedConfig, UriTemplateRewriteConfigSchema)
  const specifier = route.match?.pathSpecifier
  if (config === undefined || specifier?.case !== 'pathMatchPolicy') {
    problems.add('it must be a UriTemplateRewriteConfig, and the match a path_match_policy')
    return undefined
  }
  // What is wrong with the match is noted where the match is compiled.
  const template = compileTemplateExtension(specifier.value, new Problems('path_match_policy'))
  const at = problems.at('typed_config').at('path_template_rewrite')
  const rewrite = template && compileTemplateRewrite(template, config.pathTemplateRewrite, at)
  return rewrite && { kind: 'regex', rewrite }
}

function compileHostRewrite(message: RouteAction, problems: Problems): HostRewrite {
  const specifier = message.hostRewriteSpecifier
  switch (specifier.case) {
    case 'hostRewriteLiteral':
      return { kind: 'literal', host: specifier.value }
    case 'autoHostRewrite':
      return specifier.value ? { kind: 'auto' } : { kind: 'none' }
    case 'hostRewriteHeader':
      return { kind: 'header', header: specifier.value.toLowerCase() }
    case 'hostRewritePathRegex': {
      const at = problems.at('host_rewrite_path_regex')
      const regex = compileRegex(specifier.value.pattern?.regex ?? '', at.at('pattern'))
      const rewrite = regex?.compileRewrite(specifier.value.substitution, at)
      return rewrite === undefined ? { kind: 'none' } : { kind: 'pathRegex', rewrite }
    }
    default:
      return { kind: 'none' }
  }
}

function compileUpgrades(message: RouteAction): Map<string, UpgradeConfig> {
  const upgrades = new Map<string, UpgradeConfig>()
  for (const upgrade of message.upgradeConfigs) {
    upgrades.set(upgrade.upgradeType.toLowerCase(), {
      enabled: upgrade.enabled ?? true,
      terminatesConnect: upgrade.connectConfig !== undefined,
      allowPost: upgrade.connectConfig?.allowPost ?? false,
    })
  }
  return upgrades
}
