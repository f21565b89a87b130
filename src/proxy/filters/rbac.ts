// envoy.filters.http.rbac: lets a request go on or answers 403, by the policies of the filter or of the route.

import { RBACPerRouteSchema, RBACSchema } from '../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import type { RBAC } from '../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { CONTINUE, STOP } from '../http/filter.ts'
import type { FilterDeps, FilterStatus, HttpFilter, HttpFilterFactory } from '../http/filter.ts'
import type { Exchange } from '../http/exchange.ts'
import { compileEngines, decide } from '../policy/rbac/engines.ts'
import type { RbacEngines } from '../policy/rbac/engines.ts'

export const httpRbac: HttpFilterFactory<typeof RBACSchema, typeof RBACPerRouteSchema, RbacEngines> = {
  name: 'envoy.filters.http.rbac',
  config: RBACSchema,
  perRoute: RBACPerRouteSchema,
  compile: (message, deps, problems): HttpFilter<RbacEngines> => ({
    runtime: compileMessage(message, deps, problems),
    onRequest: (exchange, _headers, _endStream, engines) => onRequest(exchange, engines),
  }),
  /** A route without policies of its own lifts the filter's (RBACPerRoute.rbac). */
  compilePerRoute: (message, deps, problems) =>
    message.rbac === undefined
      ? { disabled: true, runtime: undefined }
      : { disabled: false, runtime: compileMessage(message.rbac, deps, problems.at('rbac')) },
}

function compileMessage(message: RBAC, deps: FilterDeps, problems: Problems): RbacEngines {
  const prefix = `http.${deps.statPrefix}.rbac.`
  return compileEngines(message, 'http', { store: deps.stats, prefix, rulesPrefix: message.rulesStatPrefix }, problems)
}

function onRequest(exchange: Exchange, engines: RbacEngines): FilterStatus {
  const verdict = decide(engines, exchange.info)
  if (verdict === undefined || verdict.allowed) return CONTINUE
  exchange.localReply({ status: 403, body: 'RBAC: access denied', details: verdict.details })
  return STOP
}
