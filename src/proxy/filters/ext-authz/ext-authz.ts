// envoy.filters.http.ext_authz: asks a service whether a request may go on, and does what the answer says. Without an answer the
// request is denied, unless the configuration wants it otherwise.

import {
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
} from '../../../envoy/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js'
import { CONTINUE, STOP } from '../../http/filter.ts'
import type { FilterStatus, HttpFilter, HttpFilterFactory } from '../../http/filter.ts'
import type { Exchange } from '../../http/exchange.ts'
import type { ResponseHeaderMap } from '../../../codec/header-map.ts'
import { applyToResponse } from './apply-answer.ts'
import { AuthzCheck } from './authz-check.ts'
import { combineRoutes, compileExtAuthz, compileRouteAuthz } from './compile-ext-authz.ts'
import type { BodySettings, ExtAuthz, RouteAuthz } from './compile-ext-authz.ts'

type Runtime = ExtAuthz | RouteAuthz

export const extAuthz: HttpFilterFactory<typeof ExtAuthzSchema, typeof ExtAuthzPerRouteSchema, Runtime> = {
  name: 'envoy.filters.http.ext_authz',
  config: ExtAuthzSchema,
  perRoute: ExtAuthzPerRouteSchema,
  compile(message, deps, problems): HttpFilter<Runtime> {
    const own = compileExtAuthz(message, deps, problems)
    return {
      runtime: own,
      onRequest: (exchange, _headers, endStream, runtime, slot) => onRequest(exchange, endStream, own, runtime, slot),
      onHeld: (exchange, held, _runtime, slot) => checkOf(exchange, slot)?.onHeld(held),
      onResponse: (exchange, headers, _endStream, _runtime, slot) => onResponse(exchange, headers, slot),
      onEnd: (exchange, _runtime, slot) => checkOf(exchange, slot)?.cancel(),
    }
  },
  compilePerRoute: (message, _deps, problems) => compileRouteAuthz(message, problems),
  combine: (outer, inner) => combineRoutes(outer as RouteAuthz, inner as RouteAuthz),
}

function onRequest(
  exchange: Exchange,
  endStream: boolean,
  own: ExtAuthz,
  runtime: Runtime,
  slot: number,
): FilterStatus {
  // There is nothing to be allowed.
  if (exchange.route() === undefined) return CONTINUE
  if (!own.isEnabled(exchange.info)) {
    own.stats.disabled.add(1)
    if (!own.deniesWhenDisabled) return CONTINUE
    exchange.setFlag('UAEX')
    exchange.localReply({ status: own.statusOnError, body: '', details: 'ext_authz_error' })
    return STOP
  }
  const route = runtime.kind === 'route' ? runtime : undefined
  const check = new AuthzCheck(exchange, own, route)
  exchange.slots[slot] = check
  const body = bodySettings(own, route)
  // What follows an upgrade is no body.
  if (body === undefined || endStream || exchange.upgradeType !== '') return check.start(undefined, false)
  check.waitForBody(body)
  return STOP
}

function bodySettings(own: ExtAuthz, route: RouteAuthz | undefined): BodySettings | undefined {
  if (route?.hidesBody === true) return undefined
  return route?.body ?? own.body
}

function onResponse(exchange: Exchange, headers: ResponseHeaderMap, slot: number): void {
  const check = checkOf(exchange, slot)
  if (check !== undefined) applyToResponse(check.responseHeaders, headers)
}

function checkOf(exchange: Exchange, slot: number): AuthzCheck | undefined {
  return exchange.slots[slot] as AuthzCheck | undefined
}
