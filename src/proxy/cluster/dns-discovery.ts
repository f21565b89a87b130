// STRICT_DNS and LOGICAL_DNS: turns a cluster's names into hosts, again and again. A failed look-up keeps what is known.

import { Timer } from '../../lib/timer-wheel.ts'
import { isIP } from 'node:net'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { socketAddress } from '../stream/address.ts'
import type { Cluster } from './cluster.ts'
import type { Discovery, DnsTarget } from './cluster-config.ts'
import type { HostDescription } from './host.ts'

export type DnsConfig = Discovery & { readonly kind: 'strictDns' | 'logicalDns' }

/** The resolver as discovery uses it. Rejects when the name cannot be resolved. */
export type ResolveHost = (hostname: string, family: DnsConfig['family']) => Promise<readonly string[]>

export class DnsDiscovery {
  private readonly cluster: Cluster
  private readonly config: DnsConfig
  private readonly dispatcher: Dispatcher
  private readonly resolve: ResolveHost
  private readonly timer: Timer<DnsDiscovery>
  /** Addresses by target, in the targets' order. */
  private readonly known: (readonly string[])[]
  private stopped = false

  constructor(cluster: Cluster, config: DnsConfig, dispatcher: Dispatcher, resolve: ResolveHost) {
    this.cluster = cluster
    this.config = config
    this.dispatcher = dispatcher
    this.resolve = resolve
    this.timer = new Timer<DnsDiscovery>(onRefresh, this)
    this.known = config.targets.map(() => [])
  }

  /** Looks up now; resolves when every name was answered or failed once. */
  async refresh(): Promise<void> {
    await Promise.all(this.config.targets.map((target, index) => this.lookUp(target, index)))
    if (this.stopped) return
    this.dispatcher.run(publish, this, undefined)
    this.dispatcher.timers.schedule(this.timer, this.config.refreshMs)
  }

  stop(): void {
    this.stopped = true
    this.dispatcher.timers.cancel(this.timer)
  }

  /** @internal */
  publish(): void {
    const hosts: HostDescription[] = []
    this.config.targets.forEach((target, index) => {
      const addresses = this.config.kind === 'logicalDns' ? this.known[index].slice(0, 1) : this.known[index]
      for (const ip of addresses) hosts.push(hostAt(target, ip))
    })
    if (
      !sameHosts(
        hosts,
        [...this.cluster.hosts].map((host) => host.description),
      )
    )
      this.cluster.updateHosts(hosts)
  }

  private async lookUp(target: DnsTarget, index: number): Promise<void> {
    if (isIP(target.hostname) !== 0) {
      this.known[index] = [target.hostname]
      return
    }
    try {
      this.known[index] = await this.resolve(target.hostname, this.config.family)
    } catch {
      this.cluster.stats.updateFailure.add(1)
    }
  }
}

function hostAt(target: DnsTarget, ip: string): HostDescription {
  return {
    ...target.template,
    target: { kind: 'socket', ip, port: target.port },
    address: socketAddress(ip, target.port),
    hostname: target.template.hostname === '' ? target.hostname : target.template.hostname,
  }
}

function sameHosts(a: readonly HostDescription[], b: readonly HostDescription[]): boolean {
  return a.length === b.length && a.every((host, i) => host.address.text === b[i].address.text)
}

function onRefresh(discovery: DnsDiscovery): void {
  void discovery.refresh()
}

function publish(discovery: DnsDiscovery): void {
  discovery.publish()
}
