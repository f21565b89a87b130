// GET /clusters: clusters, their limits and their hosts, as text or as envoy.admin.v3.Clusters.

import type { CircuitBreakerLimits, ClusterStatus, HostStatus } from '../admin-source.ts'
import { jsonAnswer, textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { HOST_STATS } from '../host-stats.ts'
import { regexParameter } from '../regex-parameter.ts'

export const clusters: Endpoint = {
  path: '/clusters',
  help: 'upstream cluster status',
  parameters: [
    { name: 'filter', help: 'Regular expression (Google re2) for filtering clusters by name' },
    { name: 'format', help: 'File format to use', choices: ['text', 'json'] },
  ],
  async answer(query, source) {
    const filter = await regexParameter(query.get('filter') ?? '')
    if (typeof filter === 'string') return textAnswer('Invalid re2 regex', 400)
    const statuses = (await source.clusters()).filter(({ name }) => filter?.find(name) ?? true)
    if (query.get('format') !== 'json') return textAnswer(statuses.map(clusterText).join(''))
    const { clustersJson } = await import('../messages/clusters.ts')
    return jsonAnswer(clustersJson(statuses))
  },
}

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
