// envoy.admin.v3.Clusters.

import { create } from '@bufbuild/protobuf'
import type { JsonValue, MessageInitShape } from '@bufbuild/protobuf'
import { ClustersSchema } from '../../envoy/generated/envoy/admin/v3/clusters_pb.js'
import type {
  ClusterStatusSchema,
  HostHealthStatusSchema,
  HostStatusSchema,
} from '../../envoy/generated/envoy/admin/v3/clusters_pb.js'
import { SimpleMetric_Type } from '../../envoy/generated/envoy/admin/v3/metrics_pb.js'
import type { SimpleMetricSchema } from '../../envoy/generated/envoy/admin/v3/metrics_pb.js'
import { RoutingPriority } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { HealthStatus } from '../../envoy/generated/envoy/config/core/v3/health_check_pb.js'
import { printMessage } from '../../envoy/print.ts'
import type { ClusterStatus, HealthFlag, HostStats, HostStatus } from '../admin-source.ts'
import { HOST_STATS } from '../host-stats.ts'
import { addressFields } from './address.ts'

export function clustersJson(statuses: readonly ClusterStatus[]): JsonValue {
  const message = create(ClustersSchema, { clusterStatuses: statuses.map(clusterFields) })
  return printMessage(ClustersSchema, message, { redact: true })
}

function clusterFields(cluster: ClusterStatus): MessageInitShape<typeof ClusterStatusSchema> {
  const { name, observabilityName, addedViaApi, edsServiceName } = cluster
  return {
    name,
    observabilityName,
    addedViaApi,
    edsServiceName,
    circuitBreakers: {
      thresholds: [
        { priority: RoutingPriority.DEFAULT, ...cluster.defaultLimits },
        { priority: RoutingPriority.HIGH, ...cluster.highLimits },
      ],
    },
    hostStatuses: cluster.hosts.map(hostFields),
  }
}

function hostFields(host: HostStatus): MessageInitShape<typeof HostStatusSchema> {
  const { hostname, weight, priority, region, zone, subZone } = host
  return {
    address: addressFields(host.address),
    hostname,
    weight,
    priority,
    locality: { region, zone, subZone },
    // Counters come first.
    stats: [false, true].flatMap((gauges) => metrics(host.stats, gauges)),
    healthStatus: healthFields(host.healthFlags),
  }
}

function metrics(stats: HostStats, gauges: boolean): MessageInitShape<typeof SimpleMetricSchema>[] {
  const type = gauges ? SimpleMetric_Type.GAUGE : SimpleMetric_Type.COUNTER
  return HOST_STATS.filter(([, , isGauge]) => isGauge === gauges).map(([name, key]) => ({
    name,
    type,
    value: BigInt(Math.round(stats[key])),
  }))
}

function healthFields(flags: readonly HealthFlag[]): MessageInitShape<typeof HostHealthStatusSchema> {
  const has = (flag: HealthFlag): boolean => flags.includes(flag)
  return {
    edsHealthStatus: has('failed_eds_health')
      ? HealthStatus.UNHEALTHY
      : has('degraded_eds_health')
        ? HealthStatus.DEGRADED
        : has('eds_status_draining')
          ? HealthStatus.DRAINING
          : HealthStatus.HEALTHY,
    failedActiveHealthCheck: has('failed_active_hc'),
    failedOutlierCheck: has('failed_outlier_check'),
    failedActiveDegradedCheck: has('degraded_active_hc'),
    pendingDynamicRemoval: has('pending_dynamic_removal'),
    pendingActiveHc: has('pending_active_hc'),
    excludedViaImmediateHcFail: has('excluded_via_immediate_hc_fail'),
    activeHcTimeout: has('active_hc_timeout'),
  }
}
