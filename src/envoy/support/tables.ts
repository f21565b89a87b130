// All field tables, by message type name. A new file of tables is one line here.
import { bootstrapSupport } from './config/bootstrap.ts'
import { coreSupport } from './config/core.ts'
import { listenerSupport } from './config/listener.ts'
import { clusterSupport } from './config/cluster.ts'
import { endpointSupport } from './config/endpoint.ts'
import { routeSupport } from './config/route.ts'
import { rbacSupport } from './config/rbac.ts'
import { accesslogSupport } from './config/accesslog.ts'
import { httpConnectionManagerSupport } from './extensions/http-connection-manager.ts'
import { networkFiltersSupport } from './extensions/network-filters.ts'
import { extAuthzSupport } from './extensions/ext-authz.ts'
import { httpFiltersSupport } from './extensions/http-filters.ts'
import { jwtAuthnSupport } from './extensions/jwt-authn.ts'
import { transportSocketsSupport } from './extensions/transport-sockets.ts'
import { upstreamsSupport } from './extensions/upstreams.ts'
import { accessLoggersSupport } from './extensions/access-loggers.ts'
import { loadBalancingPoliciesSupport } from './extensions/load-balancing-policies.ts'
import { smallSupport } from './extensions/small.ts'
import { matcherSupport } from './type/matcher.ts'
import type { FieldTable, SupportTables } from './status.ts'

const groups: readonly SupportTables[] = [
  bootstrapSupport,
  coreSupport,
  listenerSupport,
  clusterSupport,
  endpointSupport,
  routeSupport,
  rbacSupport,
  accesslogSupport,
  httpConnectionManagerSupport,
  networkFiltersSupport,
  httpFiltersSupport,
  jwtAuthnSupport,
  extAuthzSupport,
  transportSocketsSupport,
  upstreamsSupport,
  accessLoggersSupport,
  loadBalancingPoliciesSupport,
  smallSupport,
  matcherSupport,
]

export const fieldTables: ReadonlyMap<string, FieldTable> = new Map(groups.flatMap((group) => Object.entries(group)))
