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
  private readonly used: (readonly string[])[]
  private published = ''
  private stopped = false

  constructor(cluster: Cluster, config: DnsConfig, dispatcher: Dispatcher, resolve: ResolveHost) {
    this.cluster = cluster
    this.config = config
    this.dispatcher = dispatcher
    this.resolve = resolve
    this.timer = new Timer<DnsDiscovery>(onRefresh, this)
    this.used = config.targets.map(() => [])
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
      for (const ip of this.used[index]) hosts.push(hostAt(target, ip))
    })
    const addresses = addressesOf(hosts)
    if (addresses !== this.published) {
      this.published = addresses
      this.cluster.updateHosts({ ...this.config.endpoints, hosts })
    }
  }

  private async lookUp(target: DnsTarget, index: number): Promise<void> {
    if (isIP(target.hostname) !== 0) {
      this.used[index] = [target.hostname]
      return
    }
    try {
      const found = await this.resolve(target.hostname, this.config.family)
      this.used[index] = this.config.kind === 'strictDns' ? found : oneOf(found, this.used[index])
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

/** A logical host is one address, and stays with it while it is among the answers, whose order changes. */
function oneOf(found: readonly string[], used: readonly string[]): readonly string[] {
  return used.length > 0 && found.includes(used[0]) ? used : found.slice(0, 1)
}

/** The same for the same set: name servers turn their answers. */
function addressesOf(hosts: readonly HostDescription[]): string {
  return hosts
    .map((host) => host.address.text)
    .sort()
    .join()
}

function onRefresh(discovery: DnsDiscovery): void {
  void discovery.refresh()
}

function publish(discovery: DnsDiscovery): void {
  discovery.publish()
}
