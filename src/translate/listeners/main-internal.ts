// The internal listener where tunnels become requests: the dialled address and port choose a Service's chain, and where the
// protocol is not declared, the first bytes do.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { StringValueSchema } from '@bufbuild/protobuf/wkt'
import { TrafficDirection } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { ListenerSchema, type Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type {
  FilterChainSchema,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { HttpInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js'
import { OriginalDstSchema } from '../../envoy/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js'
import { TlsInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js'
import {
  ApplicationProtocolInputSchema,
  DestinationIPInputSchema,
  DestinationPortInputSchema,
} from '../../envoy/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.js'
import {
  IPMatcherSchema,
  type IPMatcher_IPRangeMatcherSchema,
} from '../../envoy/generated/xds/type/matcher/v3/ip_pb.js'
import type { Matcher_OnMatchSchema, MatcherSchema } from '../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import { MAIN_INTERNAL } from '../clusters/plumbing-clusters.ts'
import { any } from '../envoy-message.ts'
import { isTls, serverFirstPorts } from '../model/port-protocol.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'
import { inboundName } from '../names.ts'
import { byServerName, type ServerNameChain } from './server-names.ts'

type OnMatchInit = MessageInitShape<typeof Matcher_OnMatchSchema>
type MatcherInit = MessageInitShape<typeof MatcherSchema>
type RangeInit = MessageInitShape<typeof IPMatcher_IPRangeMatcherSchema>
type ListenerFilterInit = MessageInitShape<typeof ListenerFilterSchema>

/** The chains of Pods that belong to the waypoint; Istio sends them to every waypoint. */
export const DIRECT_HTTP = 'direct-http'
export const DIRECT_TCP = 'direct-tcp'

/** The hello of a client fits almost always; the filter reads on when it does not. */
const tlsInspectorInitialBytes = 512

/** A Service, and for its ports whose chain the server name chooses: by number, its chains. */
export interface ListenedService {
  readonly model: ServiceModel
  readonly serverNames: ReadonlyMap<number, readonly ServerNameChain[]>
}

export function mainInternalListener(
  services: readonly ListenedService[],
  podAddresses: readonly string[],
  chains: MessageInitShape<typeof FilterChainSchema>[],
): Listener {
  return create(ListenerSchema, {
    name: MAIN_INTERNAL,
    listenerSpecifier: { case: 'internalListener', value: {} },
    trafficDirection: TrafficDirection.INBOUND,
    listenerFilters: listenerFilters(
      services.map(({ model }) => model),
      podAddresses.length > 0,
    ),
    filterChains: chains,
    filterChainMatcher: chainMatcher(services, podAddresses),
  })
}

function listenerFilters(services: readonly ServiceModel[], pods: boolean): ListenerFilterInit[] {
  const ports = services.flatMap((service) => service.ports)
  const tcpPorts = ports.filter(({ handling }) => handling !== 'none')
  // A connection is looked into only where that decides something: a server that speaks first would wait for the client.
  const detected = tcpPorts.filter(({ handling }) => handling === 'detect')
  const tls = ports.filter(({ protocol }) => isTls(protocol))
  const filters = [listenerFilter('envoy.filters.listener.original_dst', any(OriginalDstSchema))]
  const httpOff = pods ? bytesPorts(services) : without(tcpPorts, detected)
  filters.push(listenerFilter('envoy.filters.listener.http_inspector', any(HttpInspectorSchema), httpOff))
  if (tls.length > 0) {
    const inspector = any(TlsInspectorSchema, { initialReadBufferSize: tlsInspectorInitialBytes })
    filters.push(listenerFilter('envoy.filters.listener.tls_inspector', inspector, without(ports, tls)))
  }
  return filters
}

/**
 * Pods are reached on any port, so any may carry HTTP, but not those that Services declare as something else, by their own number
 * or that of their Pods, nor those of protocols in which the server speaks first. istiod looks into them all the same.
 */
function bytesPorts(services: readonly ServiceModel[]): number[] {
  const ports = services.flatMap((service) => service.ports).filter(({ handling }) => handling !== 'none')
  const numbersOf = ({ port, targetPort }: ServicePortModel) =>
    typeof targetPort === 'number' ? [port, targetPort] : [port]
  const off = new Set(serverFirstPorts)
  for (const port of ports) if (port.handling === 'tcp') for (const number of numbersOf(port)) off.add(number)
  for (const port of ports) if (port.handling !== 'tcp') for (const number of numbersOf(port)) off.delete(number)
  return [...off].sort((a, b) => a - b)
}

function without(ports: readonly { port: number }[], excluded: readonly { port: number }[]): number[] {
  const left = new Set(ports.map(({ port }) => port))
  for (const { port } of excluded) left.delete(port)
  return [...left].sort((a, b) => a - b)
}

function listenerFilter(name: string, value: ReturnType<typeof any>, disabledPorts: number[] = []): ListenerFilterInit {
  const rules = disabledPorts.map((port): MessageInitShape<typeof ListenerFilterChainMatchPredicateSchema> => ({
    rule: { case: 'destinationPortRange', value: { start: port, end: port + 1 } },
  }))
  const filterDisabled = rules.length > 1 ? { rule: { case: 'orMatch' as const, value: { rules } } } : rules[0]
  return { name, configType: { case: 'typedConfig', value }, ...(rules.length === 0 ? {} : { filterDisabled }) }
}

function chainMatcher(services: readonly ListenedService[], podAddresses: readonly string[]): MatcherInit {
  const rangeMatchers = services.flatMap(({ model: service, serverNames }): RangeInit[] => {
    const ports = service.ports.filter(({ handling }) => handling !== 'none')
    if (service.addresses.length === 0 || ports.length === 0) return []
    const byPort = Object.fromEntries(ports.map(({ port, handling }) => {
      const http = inboundName(port, 'http', service.hostname)
      const tcp = inboundName(port, 'tcp', service.hostname)
      const names = serverNames.get(port)
      if (names !== undefined) return [port, byServerName(names, chainNamed)]
      return [port, handling === 'detect' ? byProtocol(http, tcp) : chainNamed(handling === 'http' ? http : tcp)]
    })) // prettier-ignore
    const matcher = exactMatch('port', any(DestinationPortInputSchema), byPort)
    return [{ ranges: service.addresses.map(rangeOf), onMatch: { onMatch: { case: 'matcher', value: matcher } } }]
  })
  if (podAddresses.length > 0) {
    rangeMatchers.push({ ranges: podAddresses.map(rangeOf), onMatch: byProtocol(DIRECT_HTTP, DIRECT_TCP) })
  }
  // The matcher must have an entry; nobody can dial this address, and the chain does not exist.
  if (rangeMatchers.length === 0) rangeMatchers.push({ ranges: [rangeOf('0.0.0.0')], onMatch: chainNamed('none') })
  const customMatch = { name: 'ip', typedConfig: any(IPMatcherSchema, { rangeMatchers }) }
  return {
    matcherType: {
      case: 'matcherTree',
      value: {
        input: { name: 'ip', typedConfig: any(DestinationIPInputSchema) },
        treeType: { case: 'customMatch', value: customMatch },
      },
    },
  }
}

/** HTTP by its first bytes, anything else as bytes. The input gives the protocols in quotes, joined. */
function byProtocol(http: string, tcp: string): OnMatchInit {
  const map = { "'http/1.1'": chainNamed(http), "'h2c'": chainNamed(http) }
  const matcher = exactMatch('application-protocol', any(ApplicationProtocolInputSchema), map)
  return { onMatch: { case: 'matcher', value: { ...matcher, onNoMatch: chainNamed(tcp) } } }
}

function exactMatch(name: string, typedConfig: ReturnType<typeof any>, map: Record<string, OnMatchInit>) {
  const treeType = { case: 'exactMatchMap' as const, value: { map } }
  return { matcherType: { case: 'matcherTree' as const, value: { input: { name, typedConfig }, treeType } } }
}

function chainNamed(chain: string): OnMatchInit {
  const typedConfig = any(StringValueSchema, { value: chain })
  return { onMatch: { case: 'action', value: { name: chain, typedConfig } } }
}

/** An address, or a block of them. */
function rangeOf(address: string) {
  const [addressPrefix, length] = address.split('/')
  return { addressPrefix, prefixLen: length === undefined ? (address.includes(':') ? 128 : 32) : Number(length) }
}
