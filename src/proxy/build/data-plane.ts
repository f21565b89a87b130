// The running objects of one worker and how configuration changes them: applies a patch entry by entry, keeps what did not
// change, and wires what would be a cycle (clusters that dial internal listeners).

import { fromBinary } from '@bufbuild/protobuf'
import type { SnapshotEntry, SnapshotPatch } from '../../envoy/snapshot.ts'
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
import type { Endpoints } from '../cluster/host.ts'
import { SecretScope } from '../cluster/secret-set.ts'
import type { DrainGroup } from '../connection/drain-group.ts'
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
  readonly secrets: SecretScope
}

/** A chain as it will be when the listener takes it. */
interface PlannedChain {
  readonly name: string
  readonly state: ChainState
  /** What was just built; undefined when the chain stays as it is. */
  readonly fresh: FilterChain | undefined
}

/** What a cluster holds besides itself. */
interface ClusterState {
  readonly secrets: SecretScope
  readonly dns: DnsDiscovery | undefined
}

/** What has to follow when all operations of a patch were looked at. */
class Consequences {
  readonly problems = new Problems()
  /** Listeners to be built again. */
  readonly touched = new Set<string>()
  /** With their listeners. Chains go when their listener has let go of them. */
  readonly droppedChains = new Map<string, string>()
  /** Clusters that wait for their hosts. */
  readonly warming: Promise<void>[] = []
  routesChanged = false
}

export class DataPlane {
  readonly deps: WorkerDeps
  private readonly surroundings: DataPlaneSurroundings
  private readonly entries = new Map<string, SnapshotEntry>()
  private readonly chains = new Map<string, ChainState>()
  /** Of chains that were replaced or removed, while they have connections. */
  private readonly draining = new Set<DrainGroup>()
  private readonly endpoints = new Map<string, Endpoints>()
  private readonly clusterStates = new Map<string, ClusterState>()
  private readonly routeConfigs = new Map<string, RouteConfiguration>()
  readonly sockets: ListenerSockets
  private lastApplied: Promise<unknown> = Promise.resolve()

  constructor(surroundings: DataPlaneSurroundings) {
    this.surroundings = surroundings
    this.deps = workerDeps(surroundings, (name) => this.routeConfigs.get(name))
    this.sockets = new ListenerSockets(this.deps, surroundings.listen)
  }

  /**
   * Applies a whole patch, after those before it; resolves when new ports listen. What cannot be built is in the problems and
   * changes nothing.
   */
  apply(patch: SnapshotPatch): Promise<Problems> {
    const applied = this.lastApplied.then(() => this.applyNow(patch))
    this.lastApplied = applied
    return applied
  }

  private async applyNow(patch: SnapshotPatch): Promise<Problems> {
    const consequences = new Consequences()
    const { problems, touched, droppedChains, warming } = consequences
    for (const operation of patch.operations) {
      const { kind, name } = operation.op === 'set' ? operation.entry : operation
      const at = problems.at(`${kind} ${name}`)
      await this.guarded(at, () => {
        if (operation.op === 'set') this.set(operation.entry, consequences, at)
        else this.remove(kind, name, consequences)
      })
    }
    await Promise.all(warming)
    const refused = new Set<string>()
    for (const name of touched) {
      const at = problems.at(`listener ${name}`)
      const isApplied = await this.guarded(at, () => this.rebuildListener(name, consequences.routesChanged, at))
      if (isApplied !== true) refused.add(name)
    }
    for (const [chain, listener] of droppedChains) if (!refused.has(listener)) this.dropChain(chain)
    return problems
  }

  /** A defect in building one entry is a problem of that entry, and no reason to lose the others. */
  private async guarded<T>(problems: Problems, build: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await build()
    } catch (error) {
      problems.add(`cannot be built: ${(error as Error).message}`)
      return undefined
    }
  }

  /** Ends every connection gracefully, at the latest after `deadlineMs`. */
  drain(deadlineMs: number): void {
    for (const group of this.drainGroups) group.drain(deadlineMs)
  }

  /** No client is left: what pools keep open ends, gracefully. */
  closePools(): void {
    for (const cluster of this.deps.clusters.all) cluster.drain()
  }

  /** Connections that are open on filter chains: those of clients, and internal ones, which pools may keep. */
  get openConnections(): number {
    let count = 0
    for (const group of this.drainGroups) count += group.size
    return count
  }

  private get drainGroups(): DrainGroup[] {
    return [...[...this.chains.values()].map((state) => state.chain.drainGroup), ...this.draining]
  }

  private set(entry: SnapshotEntry, consequences: Consequences, problems: Problems): void {
    const { touched } = consequences
    switch (entry.kind) {
      case 'secret':
        this.setSecret(entry, problems)
        break
      case 'cluster':
        this.setCluster(entry, consequences, problems)
        break
      case 'endpoints':
        this.setEndpoints(entry, problems)
        break
      case 'routes':
        this.routeConfigs.set(entry.name, fromBinary(RouteConfigurationSchema, entry.bytes))
        consequences.routesChanged = true
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

  private remove(kind: SnapshotEntry['kind'], name: string, { touched, droppedChains }: Consequences): void {
    const key = `${kind} ${name}`
    const entry = this.entries.get(key)
    this.entries.delete(key)
    if (kind === 'cluster') {
      this.deps.clusters.remove(name)
      this.releaseCluster(name)
    } else if (kind === 'endpoints') this.endpoints.delete(name)
    else if (kind === 'secret') this.deps.secrets.remove(name)
    else if (kind === 'routes') this.routeConfigs.delete(name)
    else if (kind === 'listener') {
      touched.delete(name)
      this.sockets.remove(name)
    } else if (entry !== undefined) {
      droppedChains.set(name, entry.listener)
      if (this.entries.has(`listener ${entry.listener}`)) touched.add(entry.listener)
    }
  }

  private setSecret(entry: SnapshotEntry, problems: Problems): void {
    const secret = compileSecret(fromBinary(SecretSchema, entry.bytes), problems)
    if (secret !== undefined) this.deps.secrets.put(entry.name, secret)
  }

  private setCluster(entry: SnapshotEntry, { warming }: Consequences, problems: Problems): void {
    const { deps, surroundings } = this
    const secrets = new SecretScope(deps.secrets)
    const before = problems.list.length
    const config = compileCluster(fromBinary(ClusterSchema, entry.bytes), secrets, deps.http.http2, problems)
    if (problems.list.length > before) {
      secrets.close()
      return
    }
    const cluster = new Cluster(config, clusterStats(deps.stats, config.observabilityName.replace(/;$/, '')), deps)
    const { discovery } = config
    if (discovery.kind === 'strictDns' || discovery.kind === 'logicalDns') {
      const dns = new DnsDiscovery(cluster, discovery, deps.dispatcher, surroundings.resolveHost)
      // The cluster that it replaces serves until there are hosts, or no name has any.
      warming.push(this.guarded(problems, () => dns.refresh().then(() => this.putCluster(cluster, { secrets, dns }))))
      return
    }
    const endpoints = discovery.kind === 'eds' ? this.endpoints.get(discovery.serviceName) : undefined
    if (endpoints !== undefined) cluster.updateHosts(endpoints)
    this.putCluster(cluster, { secrets, dns: undefined })
  }

  private putCluster(cluster: Cluster, state: ClusterState): void {
    this.releaseCluster(cluster.name)
    this.clusterStates.set(cluster.name, state)
    this.deps.clusters.put(cluster)
  }

  private releaseCluster(name: string): void {
    const state = this.clusterStates.get(name)
    state?.dns?.stop()
    state?.secrets.close()
    this.clusterStates.delete(name)
  }

  private setEndpoints(entry: SnapshotEntry, problems: Problems): void {
    const before = problems.list.length
    const endpoints = compileEndpoints(fromBinary(ClusterLoadAssignmentSchema, entry.bytes), problems)
    if (problems.list.length > before) return
    this.endpoints.set(entry.name, endpoints)
    for (const cluster of this.deps.clusters.all) {
      const { discovery } = cluster.config
      if (discovery.kind === 'eds' && discovery.serviceName === entry.name) cluster.updateHosts(endpoints)
    }
  }

  /** False when the listener stays as it is: nothing that was built for it is used then. */
  private async rebuildListener(name: string, routesChanged: boolean, problems: Problems): Promise<boolean> {
    const entry = this.entries.get(`listener ${name}`)
    if (entry === undefined) return false
    // A chain that cannot be built is left out, or stays as it was: the others go on.
    const planned = entry.chains.flatMap((chain) => this.planChain(chain, routesChanged, problems) ?? [])
    const before = problems.list.length
    const message = fromBinary(ListenerSchema, entry.bytes)
    const states = planned.map((plan) => plan.state)
    const config = compileListener(message, states, this.deps, problems)
    if (problems.list.length > before || !(await this.sockets.put(message, config, problems))) {
      for (const { state, fresh } of planned) if (state.chain === fresh) state.secrets.close()
      return false
    }
    for (const plan of planned) this.putChain(plan)
    return true
  }

  /** The chain as it is, when nothing of it changed; else a new one, which takes over open connections where it can. */
  private planChain(name: string, routesChanged: boolean, problems: Problems): PlannedChain | undefined {
    const entry = this.entries.get(`filter-chain ${name}`)
    if (entry === undefined) return undefined
    const known = this.chains.get(name)
    const hasNewRoutes = routesChanged && known?.chain.cell !== undefined
    if (known !== undefined && known.hash === entry.hash && !hasNewRoutes) {
      return { name, state: known, fresh: undefined }
    }
    const message = fromBinary(FilterChainSchema, entry.bytes)
    const secrets = new SecretScope(this.deps.secrets)
    const before = problems.list.length
    const deps = { ...this.deps, secrets }
    const fresh = compileFilterChain(message, deps, problems.at(`filter chain ${message.name}`))
    if (problems.list.length > before) {
      secrets.close()
      return known === undefined ? undefined : { name, state: known, fresh: undefined }
    }
    const isTakenOver = known !== undefined && canTakeOver(known.chain, fresh)
    if (isTakenOver) secrets.close()
    const state = {
      chain: isTakenOver ? known.chain : fresh,
      secrets: isTakenOver ? known.secrets : secrets,
      match: message.filterChainMatch,
      isDefault: name.endsWith('/#default'),
      hash: entry.hash,
    }
    return { name, state, fresh }
  }

  private putChain({ name, state, fresh }: PlannedChain): void {
    if (fresh === undefined) return
    if (state.chain === fresh) this.dropChain(name)
    else if (state.chain.cell !== undefined && fresh.cell !== undefined) {
      stopFilters(state.chain)
      state.chain.cell.current = fresh.cell.current
    }
    // A data plane that only judges configuration does nothing by itself.
    if (this.surroundings.listen.binds) startFilters(state.chain)
    this.chains.set(name, state)
  }

  private dropChain(name: string): void {
    const state = this.chains.get(name)
    if (state === undefined) return
    this.chains.delete(name)
    stopFilters(state.chain)
    state.secrets.close()
    for (const group of this.draining) if (group.size === 0) this.draining.delete(group)
    this.draining.add(state.chain.drainGroup)
    this.deps.dispatcher.run(drainGroup, state.chain.drainGroup, this.surroundings.drainTimeMs)
  }
}

/** A change of routes, HTTP filters or logs alone reaches open connections: the old chain stays, with the new content. */
function canTakeOver(old: FilterChain, fresh: FilterChain): boolean {
  return old.cell !== undefined && fresh.cell !== undefined && old.config.connectionKey === fresh.config.connectionKey
}

function startFilters({ cell }: FilterChain): void {
  for (const { filter } of cell?.current.pipeline.filters ?? []) filter.start?.()
}

function stopFilters({ cell }: FilterChain): void {
  for (const { filter } of cell?.current.pipeline.filters ?? []) filter.stop?.()
}

function drainGroup(group: DrainGroup, deadlineMs: number): void {
  group.drain(deadlineMs)
}
