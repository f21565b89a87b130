// A data plane as plain data, for the admin interface.

import type { Cluster } from '../proxy/cluster/cluster.ts'
import type { Host } from '../proxy/cluster/host.ts'
import type { DataPlane } from '../proxy/build/data-plane.ts'
import type { DescribedCluster, DescribedHost, WorkerDescription } from './worker-messages.ts'

export function describeDataPlane(dataPlane: DataPlane): WorkerDescription {
  return {
    clusters: [...dataPlane.deps.clusters.all].map(describeCluster),
    ports: [...dataPlane.sockets.ports].map(([name, addresses]) => ({ name, addresses })),
  }
}

function describeCluster(cluster: Cluster): DescribedCluster {
  const { config } = cluster
  return {
    name: cluster.name,
    observabilityName: cluster.observabilityName,
    edsServiceName: config.discovery.kind === 'eds' ? config.discovery.serviceName : '',
    limits: [
      { priority: 'default', ...config.breakers.default },
      { priority: 'high', ...config.breakers.high },
    ],
    hosts: [...cluster.hosts].map(describeHost),
  }
}

function describeHost(host: Host): DescribedHost {
  const { target, address, hostname, weight, priority, region, zone, subZone, health } = host.description
  return {
    address: address.text,
    ip: address.ip,
    port: address.port,
    internalListener: target.kind === 'internal' ? target.listener : '',
    endpointId: target.kind === 'internal' ? target.endpointId : '',
    hostname,
    weight,
    priority,
    region,
    zone,
    subZone,
    health,
    cxActive: host.activeConnections,
    cxTotal: host.totalConnections,
    cxConnectFail: host.connectFailures,
    rqActive: host.activeRequests,
    rqTotal: host.totalRequests,
    rqSuccess: host.successfulRequests,
    rqError: host.failedRequests,
    rqTimeout: host.timedOutRequests,
  }
}
