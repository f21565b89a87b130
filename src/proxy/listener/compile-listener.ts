// envoy.config.listener.v3.Listener as a ListenerConfig. Filter chains are built one by one, so that a change of one leaves
// the others and their connections alone.

import { clone, create, toBinary } from '@bufbuild/protobuf'
import { anyPack, anyUnpack, StringValueSchema } from '@bufbuild/protobuf/wkt'
import { typeNameOf } from '../../envoy/any.ts'
import type { Listener as ListenerMessage } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import {
  FilterChainMatch_ConnectionSourceType as SourceType,
  FilterChainSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import type {
  FilterChain as FilterChainMessage,
  FilterChainMatch,
  ListenerFilter as ListenerFilterMessage,
  ListenerFilterChainMatchPredicate as ChainPredicate,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { HttpConnectionManagerSchema } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { RawBufferSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js'
import { DownstreamTlsContextSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import type { Matcher } from '../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import type { CidrRange } from '../../lib/cidr.ts'
import type { Problems } from '../../lib/problems.ts'
import { compileDownstreamTls } from '../cluster/compile-tls.ts'
import type { Secrets } from '../cluster/secret-set.ts'
import type { TlsContext } from '../connection/tls-context.ts'
import { compileCidrRange } from '../matching/address-matcher.ts'
import { compileMatcher } from '../matching/compile-matcher.ts'
import { evaluate } from '../matching/match-tree.ts'
import { NETWORK_INPUTS } from '../matching/network-inputs.ts'
import type { NetworkFilter, NetworkFilterDeps, NetworkFilterFactory } from '../network/network-filter.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { durationMs } from '../stream/config-values.ts'
import { chooseByCriteria } from './filter-chain-match.ts'
import type { FilterChainCriteria } from './filter-chain-match.ts'
import { FilterChain } from './filter-chain.ts'
import type { FilterChainConfig } from './filter-chain.ts'
import type { ListenerFilter, ListenerFilterFactory } from './listener-filter.ts'
import type { ListenerConfig } from './listener.ts'

export const DEFAULT_BUFFER_LIMIT_BYTES = 1024 * 1024
/** bootstrap_extensions.internal_listener.buffer_size_kb, in bytes. */
export const INTERNAL_BUFFER_BYTES = 64 * 1024
const DEFAULT_FILTERS_TIMEOUT_MS = 15_000

export interface ListenerCompileDeps extends NetworkFilterDeps {
  readonly networkFilters: readonly NetworkFilterFactory[]
  readonly listenerFilters: readonly ListenerFilterFactory[]
  readonly secrets: Secrets
}

/** A chain that is built, and what its message says of the connections it takes. */
export interface BuiltChain {
  readonly chain: FilterChain
  readonly match: FilterChainMatch | undefined
  readonly isDefault: boolean
}

/** `message` may be without its chains: `built` has them, in their order. */
export function compileListener(
  message: ListenerMessage,
  built: readonly BuiltChain[],
  deps: ListenerCompileDeps,
  problems: Problems,
): ListenerConfig {
  return {
    name: message.name,
    filters: message.listenerFilters.map((filter, index) =>
      compileListenerFilter(filter, deps, problems.at('listener_filters').at(index)),
    ),
    filtersTimeoutMs: durationMs(message.listenerFiltersTimeout) ?? DEFAULT_FILTERS_TIMEOUT_MS,
    continueOnFiltersTimeout: message.continueOnListenerFiltersTimeout,
    bufferLimitBytes: bufferLimitOf(message),
    accessLoggers: deps.http.compileAccessLoggers(message.accessLog, problems.at('access_log')),
    chains: built.map((one) => one.chain),
    chooseChain: compileChoice(message, built, problems),
  }
}

export function bufferLimitOf(message: ListenerMessage): number {
  const isInternal = message.listenerSpecifier.case === 'internalListener'
  return message.perConnectionBufferLimitBytes ?? (isInternal ? INTERNAL_BUFFER_BYTES : DEFAULT_BUFFER_LIMIT_BYTES)
}

type ChooseChain = ListenerConfig['chooseChain']

function compileChoice(message: ListenerMessage, built: readonly BuiltChain[], problems: Problems): ChooseChain {
  const fallback = built.find((one) => one.isDefault)?.chain
  const ordinary = built.filter((one) => !one.isDefault)
  const chains = ordinary.map((one) => one.chain)
  if (message.filterChainMatcher !== undefined) {
    return compileTreeChoice(message.filterChainMatcher, chains, fallback, problems.at('filter_chain_matcher'))
  }
  if (ordinary.length === 1 && ordinary[0].match === undefined) {
    const [only] = chains
    return () => only
  }
  const criteria = ordinary.map((one, index) =>
    compileCriteria(one.match, problems.at('filter_chains').at(index).at('filter_chain_match')),
  )
  return (facts) => chains[chooseByCriteria(criteria, facts)] ?? fallback
}

function compileTreeChoice(
  matcher: Matcher,
  chains: readonly FilterChain[],
  fallback: FilterChain | undefined,
  problems: Problems,
): ChooseChain {
  const byName = new Map(chains.map((chain) => [chain.name, chain]))
  // An action that names no chain closes the connection, as in Envoy: it does not fall back to the default chain.
  const tree = compileMatcher<ConnectionFacts, FilterChain | typeof NO_CHAIN>(
    matcher,
    {
      inputs: NETWORK_INPUTS,
      valueKind: 'text',
      compileAction(config, at) {
        const name = config.typedConfig === undefined ? undefined : anyUnpack(config.typedConfig, StringValueSchema)
        if (name === undefined)
          at.add('the action must be a google.protobuf.StringValue with the name of a filter chain')
        return (name && byName.get(name.value)) ?? NO_CHAIN
      },
    },
    problems,
  )
  return (facts) => {
    const found = evaluate(tree, facts)
    return found === NO_CHAIN ? undefined : (found ?? fallback)
  }
}

const NO_CHAIN = 'no chain'

function compileCriteria(match: FilterChainMatch | undefined, problems: Problems): FilterChainCriteria {
  const ranges = (field: 'prefixRanges' | 'sourcePrefixRanges' | 'directSourcePrefixRanges'): CidrRange[] =>
    (match?.[field] ?? []).flatMap((range) => compileCidrRange(range, problems.at(field)) ?? [])
  return {
    destinationPort: match?.destinationPort ?? 0,
    prefixRanges: ranges('prefixRanges'),
    serverNames: match?.serverNames ?? [],
    transportProtocol: match?.transportProtocol ?? '',
    applicationProtocols: match?.applicationProtocols ?? [],
    directSourcePrefixRanges: ranges('directSourcePrefixRanges'),
    sourceType: sourceType(match?.sourceType),
    sourcePrefixRanges: ranges('sourcePrefixRanges'),
    sourcePorts: match?.sourcePorts ?? [],
  }
}

function sourceType(type: SourceType | undefined): FilterChainCriteria['sourceType'] {
  if (type === SourceType.SAME_IP_OR_LOOPBACK) return 'sameIpOrLoopback'
  return type === SourceType.EXTERNAL ? 'external' : 'any'
}

/** Builds one chain: its TLS context and its network filters. */
export function compileFilterChain(
  message: FilterChainMessage,
  deps: ListenerCompileDeps,
  problems: Problems,
): FilterChain {
  const filters: NetworkFilter[] = []
  message.filters.forEach((entry, index) => {
    const at = problems.at('filters').at(index)
    const any = entry.configType.case === 'typedConfig' ? entry.configType.value : undefined
    const typeName = any === undefined ? '' : typeNameOf(any.typeUrl)
    const factory = deps.networkFilters.find((one) => one.config.typeName === typeName)
    const config = any === undefined || factory === undefined ? undefined : anyUnpack(any, factory.config)
    if (factory === undefined || config === undefined)
      at.add(`the network filter ${typeName || entry.name} is not supported`)
    else filters.push(factory.compile(config, deps, at.at('typed_config')))
  })
  if (filters.at(-1)?.kind !== 'terminal') problems.at('filters').add('the last filter must be a terminal one')
  const config: FilterChainConfig = {
    name: message.name,
    tls: compileTls(message, deps, problems.at('transport_socket')),
    filters,
    connectionKey: connectionKey(message),
    transportConnectTimeoutMs: durationMs(message.transportSocketConnectTimeout) ?? 0,
  }
  return new FilterChain(config, deps.dispatcher)
}

/**
 * Everything of a chain that its open connections have taken up: all but the routes, HTTP filters and access logs of a
 * connection manager, which are read anew at each request.
 */
function connectionKey(message: FilterChainMessage): string {
  const copy = clone(FilterChainSchema, message)
  for (const filter of copy.filters) {
    const any = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined
    const manager = any === undefined ? undefined : anyUnpack(any, HttpConnectionManagerSchema)
    if (manager === undefined) continue
    const { codecType, commonHttpProtocolOptions, httpProtocolOptions, http2ProtocolOptions, maxRequestHeadersKb } =
      manager
    const kept = {
      // Connections are taken off the gauges that they were put on.
      statPrefix: manager.statPrefix,
      codecType,
      commonHttpProtocolOptions,
      httpProtocolOptions,
      http2ProtocolOptions,
      maxRequestHeadersKb,
    }
    filter.configType = {
      case: 'typedConfig',
      value: anyPack(HttpConnectionManagerSchema, create(HttpConnectionManagerSchema, kept)),
    }
  }
  copy.metadata = undefined
  copy.filterChainMatch = undefined
  return Buffer.from(toBinary(FilterChainSchema, copy)).toString('latin1')
}

function compileTls(
  message: FilterChainMessage,
  deps: ListenerCompileDeps,
  problems: Problems,
): TlsContext | undefined {
  const socket = message.transportSocket
  if (socket?.configType.case !== 'typedConfig') return undefined
  const any = socket.configType.value
  if (anyUnpack(any, RawBufferSchema) !== undefined) return undefined
  const tls = anyUnpack(any, DownstreamTlsContextSchema)
  if (tls !== undefined) return compileDownstreamTls(tls, deps.secrets, problems.at('typed_config'))
  problems.at('typed_config').add(`the transport socket ${typeNameOf(any.typeUrl)} is not supported`)
  return undefined
}

function compileListenerFilter(
  message: ListenerFilterMessage,
  deps: ListenerCompileDeps,
  problems: Problems,
): ListenerFilter {
  const any = message.configType.case === 'typedConfig' ? message.configType.value : undefined
  const typeName = any === undefined ? '' : typeNameOf(any.typeUrl)
  const factory = deps.listenerFilters.find((one) => one.config.typeName === typeName)
  const config = any === undefined || factory === undefined ? undefined : anyUnpack(any, factory.config)
  if (factory === undefined || config === undefined) {
    problems.add(`the listener filter ${typeName || message.name} is not supported`)
    return { maxBytes: 0, appliesTo: () => false, inspect: () => true }
  }
  const disabled = message.filterDisabled
  const isDisabled = disabled === undefined ? undefined : compileChainPredicate(disabled)
  return {
    ...factory.compile(config),
    appliesTo: isDisabled === undefined ? always : (facts) => !isDisabled(facts),
  }
}

function always(): boolean {
  return true
}

function compileChainPredicate(predicate: ChainPredicate): (facts: ConnectionFacts) => boolean {
  const { rule } = predicate
  switch (rule.case) {
    case 'orMatch': {
      const rules = rule.value.rules.map(compileChainPredicate)
      return (facts) => rules.some((test) => test(facts))
    }
    case 'andMatch': {
      const rules = rule.value.rules.map(compileChainPredicate)
      return (facts) => rules.every((test) => test(facts))
    }
    case 'notMatch': {
      const inner = compileChainPredicate(rule.value)
      return (facts) => !inner(facts)
    }
    case 'destinationPortRange': {
      const { start, end } = rule.value
      // An internal address has no port and is in every range, as Envoy has it.
      return ({ localAddress: { ip, port } }) => ip === '' || (port >= start && port < end)
    }
    default:
      return () => rule.case === 'anyMatch' && rule.value
  }
}
