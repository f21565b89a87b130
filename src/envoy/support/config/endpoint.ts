// What Cairn does with the fields of a ClusterLoadAssignment: envoy.config.endpoint.v3.
import { implemented, noEffect, refused, skippable, values, type SupportTables } from '../status.ts'

export const endpointSupport: SupportTables = {
  'envoy.config.endpoint.v3.ClusterLoadAssignment': {
    cluster_name: implemented,
    endpoints: implemented,
    named_endpoints: refused('named endpoints'),
    policy: implemented,
  },
  'envoy.config.endpoint.v3.ClusterLoadAssignment.Policy': {
    drop_overloads: skippable('dropping a share of the requests'),
    overprovisioning_factor: implemented,
    endpoint_stale_after: skippable('endpoints that go stale'),
    weighted_priority_health: implemented,
  },
  'envoy.config.endpoint.v3.LocalityLbEndpoints': {
    locality: implemented,
    metadata: implemented,
    lb_endpoints: implemented,
    load_balancer_endpoints: refused('lists of endpoints by discovery'),
    leds_cluster_locality_config: refused('lists of endpoints by discovery'),
    load_balancing_weight: implemented,
    priority: implemented,
    proximity: noEffect('Envoy does not read it either'),
  },
  'envoy.config.endpoint.v3.LbEndpoint': {
    endpoint: implemented,
    endpoint_name: refused('named endpoints'),
    health_status: values('UNKNOWN HEALTHY UNHEALTHY DRAINING TIMEOUT DEGRADED'),
    metadata: implemented,
    load_balancing_weight: implemented,
  },
  'envoy.config.endpoint.v3.Endpoint': {
    address: implemented,
    health_check_config: skippable('active health checks'),
    hostname: implemented,
    additional_addresses: skippable('racing of addresses (the first is used)'),
    observability_name: noEffect('only names it in statistics'),
  },
}
