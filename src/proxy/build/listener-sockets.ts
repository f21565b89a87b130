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

interface BoundSocket {
  /** As configured: port 0 stays 0. */
  readonly key: string
  readonly socket: SocketListener
  readonly port: BoundPort
}

interface Bound {
  readonly listener: Listener
  readonly statName: string
  /** Empty for internal listeners. */
  readonly sockets: readonly BoundSocket[]
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
    return new Map([...this.byName].map(([name, { sockets }]) => [name, sockets.map(({ port }) => port)]))
  }

  /**
   * Makes the listener what `message` and `config` say. False, with problems, when an address cannot be listened on: the
   * listener stays as it was then.
   */
  async put(message: ListenerMessage, config: ListenerConfig, problems: Problems): Promise<boolean> {
    const { name } = message
    const before = problems.list.length
    const isInternal = message.listenerSpecifier.case === 'internalListener'
    const addresses = isInternal ? [] : this.addressesOf(message, problems)
    if (problems.list.length > before) return false
    const known = this.byName.get(name)
    const statName = statNameOf(message, addresses)
    const wanted = this.options.binds && message.bindToPort !== false ? addresses : []
    const listener = this.listenerFor(known, statName, config)
    const sockets = await this.open(wanted, listener, known?.sockets ?? [], problems)
    if (sockets === undefined) return false
    listener.config = config
    for (const { socket } of sockets) socket.listener = listener
    for (const bound of known?.sockets ?? []) if (!sockets.includes(bound)) bound.socket.stop()
    if (isInternal) this.deps.internalListeners.put(listener)
    else this.deps.internalListeners.remove(name)
    this.byName.set(name, { listener, statName, sockets })
    return true
  }

  remove(name: string): void {
    for (const { socket } of this.byName.get(name)?.sockets ?? []) socket.stop()
    this.deps.internalListeners.remove(name)
    this.byName.delete(name)
  }

  /** Accepts nothing more on any port. */
  stopListening(): void {
    for (const { sockets } of this.byName.values()) for (const { socket } of sockets) socket.stop()
  }

  private listenerFor(known: Bound | undefined, statName: string, config: ListenerConfig): Listener {
    const { stats, dispatcher } = this.deps
    if (known?.statName === statName) return known.listener
    return new Listener(config, listenerStats(stats, statName), dispatcher)
  }

  /** A socket for each address, those that are listened on already among them; undefined when one cannot be had. */
  private async open(
    addresses: readonly SocketListenerAddress[],
    listener: Listener,
    known: readonly BoundSocket[],
    problems: Problems,
  ): Promise<readonly BoundSocket[] | undefined> {
    const sockets: BoundSocket[] = []
    const opened: SocketListener[] = []
    for (const address of addresses) {
      const key = `${address.ip}|${address.port}|${address.ipv4Compat}`
      const same = known.find((bound) => bound.key === key)
      if (same !== undefined) {
        sockets.push(same)
        continue
      }
      const socket = new SocketListener(listener, this.deps.slabs, this)
      try {
        const port = await socket.listen(address)
        opened.push(socket)
        sockets.push({ key, socket, port: { ip: address.ip, port } })
      } catch (error) {
        problems.at('address').add((error as Error).message)
        for (const one of opened) one.stop()
        return undefined
      }
    }
    return sockets
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
