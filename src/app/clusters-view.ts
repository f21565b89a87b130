// What the workers say of their clusters, summed, as `/clusters` prints it.

import type { ClusterStatus, HealthFlag, HostStatus } from '../admin/admin-source.ts'
import type { DescribedCluster, DescribedHost, DescribedLimits, WorkerDescription } from './worker-messages.ts'

export function clusterStatuses(workers: readonly WorkerDescription[], addedViaApi: boolean): ClusterStatus[] {
  const [first, ...others] = workers
  if (first === undefined) return []
  return first.clusters.map((cluster) => {
    const same = others.flatMap((worker) => worker.clusters.filter((one) => one.name === cluster.name))
    return clusterStatus(cluster, same, addedViaApi)
  })
}

function clusterStatus(
  cluster: DescribedCluster,
  others: readonly DescribedCluster[],
  addedViaApi: boolean,
): ClusterStatus {
  const hosts = new Map<string, DescribedHost[]>()
  for (const { hosts: some } of [cluster, ...others]) {
    for (const host of some) {
      const known = hosts.get(host.address)
      if (known === undefined) hosts.set(host.address, [host])
      else known.push(host)
    }
  }
  return {
    name: cluster.name,
    observabilityName: cluster.observabilityName,
    addedViaApi,
    edsServiceName: cluster.edsServiceName,
    hasOutlierDetection: false,
    defaultLimits: limitsOf(cluster, 'default'),
    highLimits: limitsOf(cluster, 'high'),
    hosts: [...hosts.values()].map(hostStatus),
  }
}

function limitsOf(cluster: DescribedCluster, priority: DescribedLimits['priority']): DescribedLimits {
  return cluster.limits.find((one) => one.priority === priority) as DescribedLimits
}

function hostStatus(copies: readonly DescribedHost[]): HostStatus {
  const [host] = copies
  const sum = (field: keyof DescribedHost & `${'cx' | 'rq'}${string}`): number =>
    copies.reduce((total, copy) => total + copy[field], 0)
  return {
    address: host.address,
    hostname: host.hostname,
    region: host.region,
    zone: host.zone,
    subZone: host.subZone,
    weight: host.weight,
    priority: host.priority,
    healthFlags: healthFlags(host.health),
    stats: {
      cxActive: sum('cxActive'),
      cxConnectFail: sum('cxConnectFail'),
      cxTotal: sum('cxTotal'),
      rqActive: sum('rqActive'),
      rqError: sum('rqError'),
      rqPendingActive: 0,
      rqSuccess: sum('rqSuccess'),
      rqTimeout: sum('rqTimeout'),
      rqTotal: sum('rqTotal'),
    },
  }
}

function healthFlags(health: DescribedHost['health']): HealthFlag[] {
  if (health === 'unhealthy') return ['failed_eds_health']
  if (health === 'degraded') return ['degraded_eds_health']
  return health === 'draining' ? ['eds_status_draining'] : []
}
