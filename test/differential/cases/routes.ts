// Route configuration as the cases write it: short forms for what nearly every case needs.

import type { JsonObject, ServiceSpec } from '../case.ts'

/** A route with a name, to the cluster `backend` unless `action` says otherwise, without time-out or retries. */
export function route(name: string, match: JsonObject, action: JsonObject = {}, extra: JsonObject = {}): JsonObject {
  const target = ['cluster', 'weighted_clusters', 'cluster_header'].some((key) => key in action)
    ? {}
    : { cluster: '<<backend>>' }
  return { name, match, route: { ...target, timeout: '0s', ...action }, ...extra }
}

/** The route that takes what no other took. */
export const REST = route('rest', { prefix: '/' })

/** A match on `/` and on header fields. */
export function onHeaders(...headers: JsonObject[]): JsonObject {
  return { prefix: '/', headers }
}

/** A match on `/` and on query parameters. */
export function onQuery(...parameters: JsonObject[]): JsonObject {
  return { prefix: '/', query_parameters: parameters }
}

/** A route that answers by itself. */
export function direct(
  name: string,
  match: JsonObject,
  status: number,
  body?: string,
  extra: JsonObject = {},
): JsonObject {
  const response = body === undefined ? { status } : { status, body: { inline_string: body } }
  return { name, match, direct_response: response, ...extra }
}

/** A route that redirects. */
export function redirect(name: string, match: JsonObject, action: JsonObject): JsonObject {
  return { name, match, redirect: action }
}

/** A header to add, with one of Envoy's append actions. */
export function header(
  key: string,
  value: string,
  action = 'APPEND_IF_EXISTS_OR_ADD',
  extra: JsonObject = {},
): JsonObject {
  return { header: { key, value }, append_action: action, ...extra }
}

/** A service whose one route does this. */
export function routed(action: JsonObject, extra: JsonObject = {}): ServiceSpec {
  return { routes: [route('only', { prefix: '/' }, action, extra)] }
}

/** A service whose one route has this retry policy, by default two retries without waits. */
export function retrying(policy: JsonObject, action: JsonObject = {}): ServiceSpec {
  return routed({
    retry_policy: { num_retries: 2, retry_back_off: { base_interval: '0.001s', max_interval: '0.01s' }, ...policy },
    ...action,
  })
}
