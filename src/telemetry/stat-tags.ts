// Which parts of a statistic's name are tags, as Envoy extracts them by default. The names stay whole in /stats; only
// Prometheus gets `envoy_cluster_upstream_rq_total{envoy_cluster_name="x"}`.

/** One tag: where in a name it stands. */
export interface TagRule {
  /** Envoy's name of the tag, e.g. `envoy.cluster_name`. */
  readonly tag: string
  /** The part to cut out of the name and the tag's value, or undefined when the rule does not apply. */
  extract(name: string): TagMatch | undefined
}

export interface TagMatch {
  readonly start: number
  readonly end: number
  readonly value: string
}

export interface TaggedName {
  readonly name: string
  readonly tags: readonly (readonly [tag: string, value: string])[]
}

/** A rule of Envoy's TagSpecifier: the first group is cut out, the second (or else the first) is the value. */
export function regexTagRule(tag: string, regex: RegExp): TagRule {
  const indexed = new RegExp(regex.source, 'd')
  return {
    tag,
    extract(name) {
      const match = indexed.exec(name)
      if (match?.indices?.[1] === undefined) return undefined
      const [start, end] = match.indices[1]
      return { start, end, value: match[2] ?? match[1] }
    },
  }
}

/** A value is everything up to the next dot, as in Envoy: names with dots keep their rest in the metric's name. */
const token = '[^.]+'
const address = String.raw`(?!admin\.)(?:\[[^\]]*\][_\d]*|[\d.]+_\d+|${token})`

/** Envoy's order, which is the order of the labels. */
export const defaultTagRules: readonly TagRule[] = [
  ['envoy.response_code', String.raw`_rq(_(\d{3}))$`],
  ['envoy.response_code_class', String.raw`_rq_((\d))xx$`],
  ['envoy.grpc_bridge_method', String.raw`^cluster\.${token}\.grpc\.${token}\.((${token})\.)`],
  ['envoy.grpc_bridge_service', String.raw`^cluster\.${token}\.grpc\.((${token})\.)`],
  ['envoy.virtual_cluster', String.raw`^vhost\.${token}\.vcluster\.((${token})\.)`],
  ['envoy.fault_downstream_cluster', String.raw`^http\.${token}\.fault\.((${token})\.)\w+$`],
  ['envoy.rds_route_config', String.raw`^http\.${token}\.rds\.((.+)\.)\w+$`],
  ['envoy.worker_id', String.raw`^(?:listener\.${address}|server|thread_local_cluster_manager)\.worker(_(\d+))\.`],
  ['envoy.ssl_cipher', String.raw`^(?:listener|cluster)\..+\.ssl\.ciphers(\.([^.]+))$`],
  ['envoy.ssl_curve', String.raw`^(?:listener|cluster)\..+\.ssl\.curves(\.([^.]+))$`],
  ['envoy.ssl_sigalg', String.raw`^(?:listener|cluster)\..+\.ssl\.sigalgs(\.([^.]+))$`],
  ['envoy.ssl_version', String.raw`^(?:listener|cluster)\..+\.ssl\.versions(\.([^.]+(?:\.\d)?))$`],
  ['envoy.rbac_prefix', String.raw`^((${token})\.)rbac\.`],
  ['envoy.tcp_prefix', String.raw`^tcp\.((${token})\.)`],
  ['envoy.cluster_name', String.raw`^cluster\.((${token})\.)`],
  ['envoy.http_conn_manager_prefix', String.raw`^(?:listener\..*?\.)?http\.((${token})\.)`],
  ['envoy.listener_address', String.raw`^listener\.((${address})\.)`],
  ['envoy.virtual_host', String.raw`^vhost\.((${token})\.)`],
  ['envoy.route', String.raw`^vhost\.${token}\.route\.((${token})\.)`],
  ['envoy.local_http_ratelimit_prefix', String.raw`^((${token})\.)http_local_rate_limit\.`],
  ['envoy.local_network_ratelimit_prefix', String.raw`^local_rate_limit\.((${token})\.)`],
  ['envoy.connection_limit_prefix', String.raw`^connection_limit\.((${token})\.)`],
].map(([tag, source]) => regexTagRule(tag, new RegExp(source)))

/** Applies each rule to the whole name, then cuts out all that matched. */
export function extractTags(name: string, rules: readonly TagRule[]): TaggedName {
  const tags: [string, string][] = []
  const cuts: TagMatch[] = []
  for (const rule of rules) {
    // Of several rules for one tag the first that matches counts.
    if (tags.some(([tag]) => tag === rule.tag)) continue
    const match = rule.extract(name)
    if (match === undefined) continue
    tags.push([rule.tag, match.value])
    cuts.push(match)
  }
  cuts.sort((a, b) => a.start - b.start)
  let rest = ''
  let from = 0
  for (const { start, end } of cuts) {
    if (start > from) rest += name.slice(from, start)
    from = Math.max(from, end)
  }
  rest += name.slice(from)
  // A tag at the end leaves the dot before it.
  return { name: rest.endsWith('.') ? rest.slice(0, -1) : rest, tags }
}
