// The running objects of one worker and how configuration changes them: applies a patch entry by entry, keeps what did not
// change, and wires what would be a cycle (clusters that dial internal listeners).

import { fromBinary } from '@bufbuild/protobuf'
import type { PatchOperation, SnapshotEntry, SnapshotPatch } from '../../envoy/snapshot-patch.ts'
import { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { FilterChainSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import type { RouteConfiguration } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { Problems } from '../../lib/problems.ts'
import { Cluster } from '../cluster/cluster.ts'
import { clusterStats } from '../cluster/cluster-stats.ts'
import { compileCluster } from '../cluster/compile-cluster.ts'
import { compileEndpoints } from '../cluster/compile-endpoints.ts'
import { DnsDiscovery } from '../cluster/dns-discovery.ts'
import type { HostDescription } from '../cluster/host.ts'
import { compileFilterChain, compileListener } from '../listener/compile-listener.ts'
import type { BuiltChain } from '../listener/compile-listener.ts'
import type { FilterChain } from '../listener/filter-chain.ts'
import { ListenerSockets } from './listener-sockets.ts'
import { compileSecret } from './compile-secret.ts'
import { workerDeps } from './worker-deps.ts'
import type { DataPlaneSurroundings, WorkerDeps } from './worker-deps.ts'

/** Of a filter chain: what the listener needs besides the object. */
interface ChainState extends BuiltChain {
  readonly hash: string
}

export class DataPlane {
  readonly deps: WorkerDeps
  private readonly surroundings: DataPlaneSurroundings
  private readonly entries = new Map<string, SnapshotEntry>()
  private readonly chains = new Map<string, ChainState>()
  private readonly endpoints = new Map<string, readonly HostDescription[]>()
  private readonly dns = new Map<string, DnsDiscovery>()
  private readonly routeConfigs = new Map<string, RouteConfiguration>()
  readonly sockets: ListenerSockets

  constructor(surroundings: DataPlaneSurroundings) {
    this.surroundings = surroundings
    this.deps = workerDeps(surroundings, (name) => this.routeConfigs.get(name))
    this.sockets = new ListenerSockets(this.deps, surroundings.listen)
  }

  /** Applies a whole patch; resolves when new ports listen. What cannot be built is in the problems and changes nothing. */
  async apply(patch: SnapshotPatch): Promise<Problems> {
    const problems = new Problems()
    const touched = new Set<string>()
    const firstLookUps: Promise<void>[] = []
    for (const operation of patch.operations) this.applyOne(operation, touched, firstLookUps, problems)
    await Promise.all(firstLookUps)
    for (const name of touched) await this.rebuildListener(name, problems)
    return problems
  }

  /** Ends every connection gracefully, at the latest after `deadlineMs`. */
  drain(deadlineMs: number): void {
    for (const { chain } of this.chains.values()) chain.drainGroup.drain(deadlineMs)
  }

  /** No client is left: what pools keep open ends, gracefully. */
  closePools(): void {
    for (const cluster of this.deps.clusters.all) cluster.drain()
  }

  /** Connections that are open on filter chains: those of clients, and internal ones, which pools may keep. */
  get openConnections(): number {
    let count = 0
    for (const { chain } of this.chains.values()) count += chain.drainGroup.size
    return count
  }

  private applyOne(
    operation: PatchOperation,
    touched: Set<string>,
    firstLookUps: Promise<void>[],
    problems: Problems,
  ): void {
    if (operation.op === 'delete') {
      this.remove(operation.kind, operation.name, touched)
      return
    }
    const { entry } = operation
    const at = problems.at(`${entry.kind} ${entry.name}`)
    switch (entry.kind) {
      case 'secret':
        this.setSecret(entry, at)
        break
      case 'cluster':
        this.setCluster(entry, firstLookUps, at)
        break
      case 'endpoints':
        this.setEndpoints(entry, at)
        break
      case 'routes':
        this.routeConfigs.set(entry.name, fromBinary(RouteConfigurationSchema, entry.bytes))
        for (const other of this.entries.values()) if (other.kind === 'listener') touched.add(other.name)
        break
      case 'listener':
        touched.add(entry.name)
        break
      case 'filter-chain':
        touched.add(entry.listener)
        break
    }
    this.entries.set(`${entry.kind} ${entry.name}`, entry)
  }

  private remove(kind: SnapshotEntry['kind'], name: string, touched: Set<string>): void {
    const key = `${kind} ${name}`
    const entry = this.entries.get(key)
    this.entries.delete(key)
    if (kind === 'cluster') {
      this.deps.clusters.remove(name)
      this.dns.get(name)?.stop()
      this.dns.delete(name)
    } else if (kind === 'endpoints') this.endpoints.delete(name)
    else if (kind === 'routes') this.routeConfigs.delete(name)
    else if (kind === 'filter-chain') this.dropChain(name)
    else if (kind === 'listener') {
      touched.delete(name)
      this.sockets.remove(name)
    }
    if (kind === 'filter-chain' && entry !== undefined && this.entries.has(`listener ${entry.listener}`)) {
      touched.add(entry.listener)
    }
  }

  private setSecret(entry: SnapshotEntry, problems: Problems): void {
    const secret = compileSecret(fromBinary(SecretSchema, entry.bytes), problems)
    if (secret === undefined) return
    try {
      this.deps.secrets.put(entry.name, secret)
    } catch (error) {
      problems.add(`cannot be used: ${(error as Error).message}`)
    }
  }

  private setCluster(entry: SnapshotEntry, firstLookUps: Promise<void>[], problems: Problems): void {
    const { deps } = this
    const config = compileCluster(fromBinary(ClusterSchema, entry.bytes), deps.secrets, deps.http.http2, problems)
    const cluster = new Cluster(config, clusterStats(deps.stats, config.observabilityName.replace(/;$/, '')), deps)
    this.dns.get(entry.name)?.stop()
    this.dns.delete(entry.name)
    const { discovery } = config
    if (discovery.kind === 'eds') {
      const hosts = this.endpoints.get(discovery.serviceName)
      if (hosts !== undefined) cluster.updateHosts(hosts)
    } else if (discovery.kind === 'strictDns' || discovery.kind === 'logicalDns') {
      const dns = new DnsDiscovery(cluster, discovery, deps.dispatcher, this.surroundings.resolveHost)
      this.dns.set(entry.name, dns)
      firstLookUps.push(dns.refresh())
    }
    deps.clusters.put(cluster)
  }

  private setEndpoints(entry: SnapshotEntry, problems: Problems): void {
    const hosts = compileEndpoints(fromBinary(ClusterLoadAssignmentSchema, entry.bytes), problems)
    this.endpoints.set(entry.name, hosts)
    for (const cluster of this.deps.clusters.all) {
      const { discovery } = cluster.config
      if (discovery.kind === 'eds' && discovery.serviceName === entry.name) cluster.updateHosts(hosts)
    }
  }

  private async rebuildListener(name: string, problems: Problems): Promise<void> {
    const entry = this.entries.get(`listener ${name}`)
    if (entry === undefined) return
    const at = problems.at(`listener ${name}`)
    // A chain that cannot be built is left out: what it would have taken is closed, the others go on.
    const built = entry.chains.map((chain) => this.buildChain(chain, at))
    const before = problems.list.length
    const message = fromBinary(ListenerSchema, entry.bytes)
    const config = compileListener(
      message,
      built.filter((one) => one !== undefined),
      this.deps,
      at,
    )
    if (problems.list.length > before) return
    await this.sockets.put(message, config, at)
  }

  /** The chain as it is, when its bytes are the same; else a new one, which takes over open connections where it can. */
  private buildChain(name: string, problems: Problems): ChainState | undefined {
    const entry = this.entries.get(`filter-chain ${name}`)
    if (entry === undefined) return undefined
    const known = this.chains.get(name)
    if (known !== undefined && known.hash === entry.hash && this.routeConfigs.size === 0) return known
    const message = fromBinary(FilterChainSchema, entry.bytes)
    const before = problems.list.length
    const chain = compileFilterChain(message, this.deps, problems.at(`filter chain ${message.name}`))
    if (problems.list.length > before) return known
    const taken = known === undefined ? chain : takeOver(known.chain, chain)
    if (known !== undefined && taken === chain) known.chain.drainGroup.drain(this.surroundings.drainTimeMs)
    const state = {
      chain: taken,
      match: message.filterChainMatch,
      isDefault: name.endsWith('/#default'),
      hash: entry.hash,
    }
    this.chains.set(name, state)
    return state
  }

  private dropChain(name: string): void {
    this.chains.get(name)?.chain.drainGroup.drain(this.surroundings.drainTimeMs)
    this.chains.delete(name)
  }
}

/** A change of routes, HTTP filters or logs alone reaches open connections: the old chain stays, with the new content. */
function takeOver(old: FilterChain, fresh: FilterChain): FilterChain {
  const from = fresh.cell
  const to = old.cell
  if (from === undefined || to === undefined || old.config.connectionKey !== fresh.config.connectionKey) return fresh
  to.current = from.current
  return old
}
