// Listeners by name and the sockets they have: a listener whose address stays keeps its sockets, whatever else changes.

import type { Address } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { Listener as ListenerMessage } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { Listener } from '../listener/listener.ts'
import type { ListenerConfig } from '../listener/listener.ts'
import { listenerStats } from '../listener/listener-stats.ts'
import { SocketListener } from '../listener/socket-listener.ts'
import type { SocketCount, SocketListenerAddress } from '../listener/socket-listener.ts'
import type { WorkerDeps } from './worker-deps.ts'

export interface ListenOptions {
  /** Several workers share the ports. */
  readonly reusePort: boolean
  /** False in a dry run: nothing is bound. */
  readonly binds: boolean
}

interface Bound {
  readonly listener: Listener
  /** '' for internal listeners. */
  readonly addressKey: string
  readonly sockets: readonly SocketListener[]
  readonly ports: readonly BoundPort[]
}

export interface BoundPort {
  readonly ip: string
  readonly port: number
}

export class ListenerSockets implements SocketCount {
  /** Sockets of clients. */
  openSockets = 0
  private readonly byName = new Map<string, Bound>()
  private readonly deps: WorkerDeps
  private readonly options: ListenOptions

  constructor(deps: WorkerDeps, options: ListenOptions) {
    this.deps = deps
    this.options = options
  }

  /** Ports that are listened on, by listener. */
  get ports(): ReadonlyMap<string, readonly BoundPort[]> {
    return new Map([...this.byName].map(([name, bound]) => [name, bound.ports]))
  }

  async put(message: ListenerMessage, config: ListenerConfig, problems: Problems): Promise<void> {
    const known = this.byName.get(message.name)
    const isInternal = message.listenerSpecifier.case === 'internalListener'
    const addresses = isInternal ? [] : this.addressesOf(message, problems)
    const addressKey = addresses.map((address) => `${address.ip}|${address.port}`).join(',')
    if (known?.addressKey === addressKey) {
      known.listener.config = config
      return
    }
    const { stats, dispatcher, internalListeners, slabs } = this.deps
    const statName = statNameOf(message, addresses)
    const listener = new Listener(config, listenerStats(stats, statName), dispatcher)
    if (isInternal) {
      internalListeners.put(listener)
      this.byName.set(message.name, { listener, addressKey, sockets: [], ports: [] })
      return
    }
    const sockets: SocketListener[] = []
    const ports: BoundPort[] = []
    for (const address of this.options.binds && message.bindToPort !== false ? addresses : []) {
      const socket = new SocketListener(listener, slabs, this)
      try {
        ports.push({ ip: address.ip, port: await socket.listen(address) })
        sockets.push(socket)
      } catch (error) {
        problems.at('address').add((error as Error).message)
      }
    }
    for (const socket of known?.sockets ?? []) socket.stop()
    this.byName.set(message.name, { listener, addressKey, sockets, ports })
  }

  remove(name: string): void {
    for (const socket of this.byName.get(name)?.sockets ?? []) socket.stop()
    this.deps.internalListeners.remove(name)
    this.byName.delete(name)
  }

  /** Accepts nothing more on any port. */
  stopListening(): void {
    for (const bound of this.byName.values()) for (const socket of bound.sockets) socket.stop()
  }

  private addressesOf(message: ListenerMessage, problems: Problems): SocketListenerAddress[] {
    const all = [message.address, ...message.additionalAddresses.map((one) => one.address)]
    return all.flatMap((address, index) => {
      const at =
        index === 0
          ? problems.at('address')
          : problems
              .at('additional_addresses')
              .at(index - 1)
              .at('address')
      const socket = this.socketAddressOf(address, at)
      return socket === undefined ? [] : [socket]
    })
  }

  private socketAddressOf(address: Address | undefined, problems: Problems): SocketListenerAddress | undefined {
    if (address?.address.case !== 'socketAddress') {
      problems.add('a socket_address is required')
      return undefined
    }
    const { value } = address.address
    const port = value.portSpecifier.case === 'portValue' ? value.portSpecifier.value : 0
    return { ip: value.address, port, reusePort: this.options.reusePort, ipv4Compat: value.ipv4Compat }
  }
}

function statNameOf(message: ListenerMessage, addresses: readonly SocketListenerAddress[]): string {
  if (message.statPrefix !== '') return message.statPrefix
  if (addresses.length === 0) return `envoy_internal_${message.name}`
  const [{ ip, port }] = addresses
  return ip.includes(':') ? `[${ip}]_${port}`.replaceAll(':', '_') : `${ip}_${port}`
}
