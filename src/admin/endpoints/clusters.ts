// GET /clusters: clusters, their limits and their hosts, as text or as envoy.admin.v3.Clusters.

import { create } from '@bufbuild/protobuf'
import type { MessageInitShape } from '@bufbuild/protobuf'
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
import { addressFields } from '../address-json.ts'
import type { CircuitBreakerLimits, ClusterStatus, HealthFlag, HostStats, HostStatus } from '../admin-source.ts'
import { jsonAnswer, textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { regexParameter } from '../regex-parameter.ts'

export const clusters: Endpoint = {
  path: '/clusters',
  help: 'upstream cluster status',
  parameters: [
    { name: 'filter', help: 'Regular expression (Google re2) for filtering clusters by name' },
    { name: 'format', help: 'File format to use', choices: ['text', 'json'] },
  ],
  async answer(query, source) {
    const filter = regexParameter(query.get('filter') ?? '')
    if (typeof filter === 'string') return textAnswer('Invalid re2 regex', 400)
    const statuses = (await source.clusters()).filter(({ name }) => filter.find(name))
    if (query.get('format') !== 'json') return textAnswer(statuses.map(clusterText).join(''))
    const message = create(ClustersSchema, { clusterStatuses: statuses.map(clusterFields) })
    return jsonAnswer(printMessage(ClustersSchema, message, { redact: true }))
  },
}

/** In the order in which they are printed; the gauges are the ones that can go down. */
const HOST_STATS: readonly (readonly [name: string, key: keyof HostStats, isGauge: boolean])[] = [
  ['cx_active', 'cxActive', true],
  ['cx_connect_fail', 'cxConnectFail', false],
  ['cx_total', 'cxTotal', false],
  ['rq_active', 'rqActive', true],
  ['rq_error', 'rqError', false],
  ['rq_pending_active', 'rqPendingActive', true],
  ['rq_success', 'rqSuccess', false],
  ['rq_timeout', 'rqTimeout', false],
  ['rq_total', 'rqTotal', false],
]

/** Success rates are not computed here, which Envoy prints as -1. */
const NO_RATE = '-1'

function clusterText(cluster: ClusterStatus): string {
  const lines = [`observability_name::${cluster.observabilityName}`]
  if (cluster.hasOutlierDetection) {
    for (const prefix of ['', 'local_origin_']) {
      lines.push(`outlier::${prefix}success_rate_average::${NO_RATE}`)
      lines.push(`outlier::${prefix}success_rate_ejection_threshold::${NO_RATE}`)
    }
  }
  lines.push(...limitLines('default_priority', cluster.defaultLimits))
  lines.push(...limitLines('high_priority', cluster.highLimits))
  lines.push(`added_via_api::${cluster.addedViaApi}`)
  if (cluster.edsServiceName !== '') lines.push(`eds_service_name::${cluster.edsServiceName}`)
  for (const host of cluster.hosts) lines.push(...hostLines(host))
  return lines.map((line) => `${cluster.name}::${line}\n`).join('')
}

function limitLines(priority: string, limits: CircuitBreakerLimits): string[] {
  return [
    `${priority}::max_connections::${limits.maxConnections}`,
    `${priority}::max_pending_requests::${limits.maxPendingRequests}`,
    `${priority}::max_requests::${limits.maxRequests}`,
    `${priority}::max_retries::${limits.maxRetries}`,
  ]
}

function hostLines(host: HostStatus): string[] {
  const facts = [
    ...HOST_STATS.map(([name, key]) => `${name}::${host.stats[key]}`),
    `hostname::${host.hostname}`,
    `health_flags::${host.healthFlags.length === 0 ? 'healthy' : host.healthFlags.map((flag) => `/${flag}`).join('')}`,
    `weight::${host.weight}`,
    `region::${host.region}`,
    `zone::${host.zone}`,
    `sub_zone::${host.subZone}`,
    'canary::false',
    `priority::${host.priority}`,
    `success_rate::${NO_RATE}`,
    `local_origin_success_rate::${NO_RATE}`,
  ]
  return facts.map((fact) => `${host.address}::${fact}`)
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
