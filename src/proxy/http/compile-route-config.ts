// envoy.config.route.v3.RouteConfiguration as a RouteConfig: tables for the lookup, plain values for what routes do.

import type {
  Route as RouteMessage,
  VirtualHost,
} from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { VirtualHost_TlsRequirementType as TlsRequirement } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { RouteConfiguration } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileRouteMatch } from '../matching/route-match.ts'
import { RouteTable } from '../matching/route-table.ts'
import { VirtualHostTable } from '../matching/virtual-host-table.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { metadataOf } from '../stream/config-values.ts'
import { compileClusterAction } from './compile-cluster-action.ts'
import { compileDirectResponse, compileRedirect } from './compile-route-answers.ts'
import type { PerFilterCompiler } from './compile-per-filter.ts'
import { levelCompiler, noteConfigured } from './compile-route-level.ts'
import type { Level, RouteContext } from './compile-route-level.ts'
import { compileMirrorPolicies } from './mirror-policy.ts'
import type { PerFilterConfigs, Route, RouteConfig, VirtualHostFacts } from './route-config.ts'
import { RouteLookup } from './route-lookup.ts'
import type { VirtualHostRoutes } from './route-lookup.ts'

export function compileRouteConfig(
  message: RouteConfiguration,
  perFilter: PerFilterCompiler,
  formats: FormatEnvironment,
  problems: Problems,
): RouteConfig {
  const compileLevel = levelCompiler(perFilter, formats)
  const whole = compileLevel(message, problems)
  const configured: boolean[] = []
  noteConfigured(configured, whole.perFilter)
  const context: RouteContext = {
    compileLevel,
    mostSpecificFirst: !message.mostSpecificHeaderMutationsWins,
    formats,
    mirrors: compileMirrorPolicies(message.requestMirrorPolicies, formats, problems.at('request_mirror_policies')),
    maxDirectBodyBytes: message.maxDirectResponseBodySizeBytes ?? 4096,
    configured,
    mergePerFilter: (outer, inner) => perFilter.merge(outer, inner),
  }
  const hosts = message.virtualHosts.map((host, index) => ({
    domains: host.domains,
    value: compileVirtualHost(host, whole, context, problems.at('virtual_hosts').at(index)),
  }))
  const table = new VirtualHostTable(hosts, message.ignorePortInHostMatching, problems.at('virtual_hosts'))
  return {
    name: message.name,
    lookup: new RouteLookup(table),
    configuredFilters: configured,
    internalOnlyHeaders: message.internalOnlyHeaders.map((name) => name.toLowerCase()),
  }
}

function compileVirtualHost(
  message: VirtualHost,
  whole: Level,
  context: RouteContext,
  problems: Problems,
): VirtualHostRoutes {
  const own = context.compileLevel(message, problems)
  noteConfigured(context.configured, own.perFilter)
  const facts: VirtualHostFacts = {
    name: message.name,
    includeAttemptCountInRequest: message.includeRequestAttemptCount,
    includeAttemptCountInResponse: message.includeAttemptCountInResponse,
    includeIsTimeoutRetryHeader: message.includeIsTimeoutRetryHeader,
    requireTls: requireTls(message.requireTls),
  }
  const mirrors = compileMirrorPolicies(
    message.requestMirrorPolicies,
    context.formats,
    problems.at('request_mirror_policies'),
  )
  const inside = mirrors.length === 0 ? context : { ...context, mirrors }
  const entries = message.routes.map((route, index) => {
    const at = problems.at('routes').at(index)
    return {
      name: route.name,
      predicate: compileRouteMatch(route.match!, at.at('match')),
      value: compileRoute(route, message, facts, [whole, own], inside, at),
    }
  })
  return { facts, routes: new RouteTable(entries) }
}

function compileRoute(
  message: RouteMessage,
  host: VirtualHost,
  virtualHost: VirtualHostFacts,
  around: readonly Level[],
  context: RouteContext,
  problems: Problems,
): Route {
  const own = context.compileLevel(message, problems)
  noteConfigured(context.configured, own.perFilter)
  const perFilter = [...around, own].map((level) => level.perFilter).reduce(context.mergePerFilter)
  const levels = context.mostSpecificFirst ? [own, ...[...around].reverse()] : [...around, own]
  return {
    name: message.name,
    metadata: metadataOf(message.metadata),
    virtualHost,
    perFilter,
    requestMutations: levels.flatMap((level) => level.requestMutations),
    responseMutations: levels.flatMap((level) => level.responseMutations),
    action: compileAction(message, host, perFilter, context, problems),
  }
}

function compileAction(
  message: RouteMessage,
  host: VirtualHost,
  perFilter: PerFilterConfigs,
  context: RouteContext,
  problems: Problems,
): Route['action'] {
  const { action } = message
  switch (action.case) {
    case 'route':
      return compileClusterAction(message, action.value, host, perFilter, context, problems.at('route'))
    case 'redirect':
      return compileRedirect(action.value, message.match, problems.at('redirect'))
    case 'directResponse':
      return compileDirectResponse(action.value, context.maxDirectBodyBytes, problems.at('direct_response'))
    default:
      problems.add('a route needs one of route, redirect and direct_response')
      return { kind: 'directResponse', status: 500, body: '' }
  }
}

function requireTls(requirement: TlsRequirement): VirtualHostFacts['requireTls'] {
  if (requirement === TlsRequirement.ALL) return 'all'
  return requirement === TlsRequirement.EXTERNAL_ONLY ? 'externalOnly' : 'none'
}
