// ORIGINAL_DST: the host is where the client wanted to go, made on demand and forgotten when unused.

import type { Dispatcher } from '../connection/dispatcher.ts'
import { Timer } from '../../lib/timer-wheel.ts'
import { parseSocketAddress, socketAddress } from '../stream/address.ts'
import type { Address } from '../stream/connection-facts.ts'
import { metadataAt, NO_METADATA } from '../stream/metadata.ts'
import type { OriginalDstConfig } from './cluster-config.ts'
import { Host } from './host.ts'
import type { HostSelection } from './host-selection.ts'
import type { LoadBalancerContext } from './load-balancer.ts'

const FILTER_STATE_KEY = 'envoy.network.transport_socket.original_dst_address'

export class OriginalDstHosts implements HostSelection {
  private readonly byAddress = new Map<string, Host>()
  private readonly config: OriginalDstConfig
  private readonly dispatcher: Dispatcher
  private readonly cleanupTimer: Timer<OriginalDstHosts>

  constructor(config: OriginalDstConfig, dispatcher: Dispatcher) {
    this.config = config
    this.dispatcher = dispatcher
    this.cleanupTimer = new Timer<OriginalDstHosts>(forgetUnused, this)
  }

  get hosts(): Iterable<Host> {
    return this.byAddress.values()
  }

  chooseHost(context: LoadBalancerContext): Host | undefined {
    const address = this.destinationOf(context)
    if (address === undefined || address.port === 0) return undefined
    let host = this.byAddress.get(address.text)
    if (host === undefined) {
      host = new Host(describe(address))
      this.byAddress.set(address.text, host)
      if (!this.cleanupTimer.isScheduled)
        this.dispatcher.timers.schedule(this.cleanupTimer, this.config.cleanupIntervalMs)
    }
    host.lastUsedMs = this.dispatcher.nowMs
    return host
  }

  /** @internal Envoy keeps a host that was used in the last interval, or that still has connections. */
  forgetUnused(): void {
    const oldestMs = this.dispatcher.nowMs - this.config.cleanupIntervalMs
    for (const [key, host] of this.byAddress) {
      if (host.lastUsedMs > oldestMs || host.activeConnections > 0) continue
      this.byAddress.delete(key)
      host.drainPools()
    }
    if (this.byAddress.size > 0) this.dispatcher.timers.schedule(this.cleanupTimer, this.config.cleanupIntervalMs)
  }

  /** Order of precedence as in Envoy: filter state, connection metadata, request header, restored local address. */
  private destinationOf(context: LoadBalancerContext): Address | undefined {
    const { downstreamConnection: facts, requestHeaders } = context
    const { headerName, metadataNamespace, metadataPath, portOverride } = this.config
    let text: unknown = facts.filterState.get(FILTER_STATE_KEY)
    if (text === undefined && metadataNamespace !== '') {
      text = metadataAt(facts.metadata.get(metadataNamespace), metadataPath)
    }
    let address = parsed(text)
    if (address === undefined && headerName !== '' && requestHeaders !== undefined) {
      address = parsed(headerName === ':authority' ? requestHeaders.authority : requestHeaders.get(headerName))
    }
    // An address that nobody restored is our own: who went there would come back here, again and again.
    if (address === undefined && facts.localAddress !== facts.directLocalAddress) address = facts.localAddress
    return withPort(address, portOverride)
  }
}

function parsed(text: unknown): Address | undefined {
  return typeof text === 'string' ? parseSocketAddress(text) : undefined
}

function withPort(address: Address | undefined, port: number): Address | undefined {
  if (address === undefined || address.ip === '') return undefined
  return port === 0 || port === address.port ? address : socketAddress(address.ip, port)
}

function describe(address: Address): ConstructorParameters<typeof Host>[0] {
  return {
    target: { kind: 'socket', ip: address.ip, port: address.port },
    address,
    hostname: '',
    weight: 1,
    priority: 0,
    region: '',
    zone: '',
    subZone: '',
    localityWeight: 0,
    health: 'healthy',
    metadata: NO_METADATA,
  }
}

function forgetUnused(hosts: OriginalDstHosts): void {
  hosts.forgetUnused()
}
