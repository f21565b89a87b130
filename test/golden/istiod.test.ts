// Our configuration against istiod's, for the same objects. Every difference must be in one of two tables: what is left out
// of the comparison everywhere (canonical.ts), or what is different on purpose in one scenario (here). A line of a table that
// no longer describes a difference fails too.

import type { DescMessage, Message } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { ClusterSchema } from '../../src/envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../../src/envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../../src/envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { translate } from '../../src/translate/translate.ts'
import { canonicalCairn, canonicalIstio } from './canonical.ts'
import { compareTrees } from './compare-trees.ts'
import { loadScenario, type JsonObject, type Scenario } from './load-scenario.ts'

interface OnPurpose {
  /** Matches the path of the difference. */
  readonly at: RegExp
  readonly reason: string
}

/** Resources that only istiod has, in every scenario. */
const notOurs: OnPurpose[] = [
  { at: /^(inner|outer)_connect_originate\b/, reason: 'double HBONE, which only several networks need' },
  {
    at: /^outbound\|\d+\|\|[\w-]+[.]istio-system[.]/,
    reason: 'clusters of telemetry and authorization providers, not yet used',
  },
]

const limits = { at: /route_config[.]max_direct_response_body_size_bytes$/, reason: 'istiod sets the limit only beside its default route' } // prettier-ignore

const compared: Record<string, OnPurpose[]> = {
  '01-plain': [
    {
      at: /headless/,
      reason: 'istiod sends an unreachable chain and a cluster without endpoints; ours can be a backend',
    },
    { at: /range_matchers\{0[.]0[.]0[.]0/, reason: 'the unreachable matcher of that chain' },
  ],
  '02-http-matching': [
    limits,
    {
      at: /[|]80[|]http[|]a[.].*routes: order$/,
      reason: 'istiod puts the second route behind the catch-all of the first',
    },
  ],
  '03-weights': [limits],
  '04-filters': [
    limits,
    {
      at: /[|]http[|]m[.]g04-filters.*routes/,
      reason: 'istiod drops the whole route for one unknown filter and serves all',
    },
  ],
  '05-timeouts-retries': [
    limits,
    { at: /"\/backend".*(timeout|max_grpc_timeout)$/, reason: 'istiod loses timeouts.request beside backendRequest' },
    { at: /"\/session"[^.]*[.]/, reason: 'istiod ignores sessionPersistence; ours refuses it until it is carried out' },
    { at: /"\/retry(-default)?".*retry_on$/, reason: 'with a retry of the user, tries without an answer are repeated too' },
  ],
  '06-grpcroute': [
    limits,
    { at: /cluster_not_found_response_code$/, reason: 'an invalid backend means UNAVAILABLE, which is 503, to a gRPC client' },
    { at: /routes: order$/, reason: 'by characters of service and method, as the specification says, whatever their type' },
  ],
  '07-authz': [],
  '08-authz-custom': [
    {
      at: /(http|network)[.]rbac\}[.]typed_config[.](shadow_)?rules(_stat_prefix)?$|[.]ext_authz\}$/,
      reason: 'no external authorizer can be asked yet: what it would have to confirm is denied',
    },
  ],
  '10-destinationrule': [limits],
  '11-tcp': [],
  '12-serviceentry': [
    limits,
    {
      at: /range_matchers\{240[.]240[.]0[.][123](,2001:2::[123])?\}$/,
      reason: 'istiod leaves out the family that the waypoint Pod has no address of; a tunnel can name either',
    },
    { at: /typed_dns_resolver_config$/, reason: 'a setting of the c-ares library' },
    {
      at: /^outbound[|]\d+[|][|]static[.]example[.]com/,
      reason: 'clusters that no route uses, of a ServiceEntry of this waypoint',
    },
  ],
  '09-jwt': [
    limits,
    {
      at: /routes\{.*("dynamic_metadata"|\{"prefix":"\/"\}\}[.]name$)/,
      reason: 'VirtualServices that match claims of a token are refused, so the default route serves',
    },
  ],
  '14-cross-namespace': [
    limits,
    { at: /"filter_state"/, reason: 'istiod ignores the consumer route; here it is followed for clients of its namespace' },
    { at: /routes: order$/, reason: 'equals are ordered by namespace and name, as the specification says' },
  ],
  '15-workload-waypoint': [
    {
      at: /listener_filters\{envoy[.]filters[.]listener[.]http_inspector\}[.]filter_disabled$/,
      reason: 'istiod waits for the client on ports whose servers speak first',
    },
  ],
  '19-root-policies': [{ at: /access_log$/, reason: 'Telemetry is not translated yet' }],
  '16-virtualservice': [limits],
  '18-locality': [],
}

/** The rest, with what is missing; each moves up when it is there. */
const notYetCompared: Record<string, string> = {
  '13-telemetry': 'Telemetry',
  '17-extensions': 'WasmPlugin and EnvoyFilter',
}

describe.each(Object.keys(compared))('scenario %s', (name) => {
  test("is translated to istiod's configuration, but for the differences that have a reason", () => {
    const scenario = loadScenario(name)
    const unexplained: string[] = []
    const used = new Set<OnPurpose>()
    for (const difference of differencesOf(scenario)) {
      const known = [...notOurs, ...compared[name]].find(({ at }) => at.test(difference.split(': istiod ')[0]))
      if (known === undefined) unexplained.push(difference)
      else used.add(known)
    }
    expect(unexplained).toEqual([])
    expect(compared[name].filter((known) => !used.has(known))).toEqual([])
  })
})

/** Conditions of ours that say something else than istiod's, and why. */
const statusOnPurpose: Record<string, string[]> = {
  // Unsupported filters and session persistence are refused rule by rule, and said so.
  'HTTPRoute g04-filters/invalid-filter': ['ResolvedRefs True ResolvedRefs', 'PartiallyInvalid True UnsupportedValue'],
  'HTTPRoute g05-timeouts-retries/a': ['PartiallyInvalid True UnsupportedValue'],
  // The call's unsupported filter, and a backend that does not exist, though of weight 0.
  'GRPCRoute g06-grpcroute/a': ['ResolvedRefs False BackendNotFound'],
  // Policies that an external authorizer would have to confirm deny, and say so.
  'AuthorizationPolicy g08-authz-custom/ext': ['WaypointAccepted False Invalid'],
  'AuthorizationPolicy g08-authz-custom/ext-http': ['WaypointAccepted False Invalid'],
}

test.each(Object.keys(compared))("the conditions of routes, Services and policies in %s are istiod's", (name) => {
  const scenario = loadScenario(name)
  const { statuses } = translate(scenario.store, { waypoint: scenario.waypoint, now: 0 })
  const ours = conditionsByObject(statuses as unknown as JsonObject[])
  const theirs = conditionsByObject(scenario.statuses)
  expect(theirs.size).toBeGreaterThan(0)
  for (const [object, conditions] of theirs) {
    const onPurpose = statusOnPurpose[object] ?? []
    const types = onPurpose.map((condition) => condition.split(' ')[0])
    const expected = [...conditions.filter((condition) => !types.includes(condition.split(' ')[0])), ...onPurpose]
    expect([object, [...(ours.get(object) ?? [])].sort()]).toEqual([object, expected.sort()])
  }
})

/** `type status reason` of each condition that has a counterpart here. */
function conditionsByObject(statuses: readonly JsonObject[]): Map<string, string[]> {
  const known = new Set(['Accepted', 'ResolvedRefs', 'PartiallyInvalid', 'istio.io/WaypointBound', 'WaypointAccepted'])
  const byObject = new Map<string, string[]>()
  for (const { kind, namespace, name, status } of statuses) {
    if (kind === 'Gateway') continue
    type Listed = { conditions: JsonObject[] }[]
    const { conditions, parents, ancestors } = status as {
      conditions?: JsonObject[]
      parents?: Listed
      ancestors?: Listed
    }
    const listed = [...(parents ?? []), ...(ancestors ?? [])]
    const all = [...(conditions ?? []), ...listed.flatMap((one) => one.conditions)]
    const lines = all
      .filter(({ type }) => known.has(String(type)))
      .map((one) => `${one['type']} ${one['status']} ${one['reason']}`)
    if (lines.length > 0) byObject.set(`${kind} ${namespace}/${name}`, lines)
  }
  return byObject
}

describe('the order of the routes of HTTPRoutes', () => {
  // A GRPCRoute has a precedence of its own (grpc-route-match.test.ts); those of a VirtualService stay as they are written.
  const others = ['06-grpcroute', '16-virtualservice']
  const withHttpRoutes = Object.keys(compared).filter((name) => !others.includes(name))
  test.each(withHttpRoutes)('never puts a weaker match before a stronger one in %s', (name) => {
    const scenario = loadScenario(name)
    const { listeners } = translate(scenario.store, { waypoint: scenario.waypoint, now: 0 })
    const main = canonicalCairn(
      ListenerSchema,
      listeners.find((listener) => listener.name === 'main_internal')!,
    )
    const lists: JsonObject[][] = []
    JSON.stringify(main, (key, value: unknown) => (key === 'routes' && lists.push(value as JsonObject[]), value))
    expect(lists.length).toBeGreaterThan(0)
    for (const routes of lists) {
      const strengths = routes.map((route) => strength(route['match'] as JsonObject))
      expect(strengths).toEqual([...strengths].sort().reverse())
    }
  })
})

test('every scenario is compared or has a reason not to be', () => {
  const names = Object.keys({ ...compared, ...notYetCompared }).sort()
  expect(names).toHaveLength(19)
  for (const name of Object.keys(notYetCompared)) expect(loadScenario(name).listeners.size).toBe(5)
})

function differencesOf(scenario: Scenario): string[] {
  const { listeners, clusters, endpoints } = translate(scenario.store, { waypoint: scenario.waypoint, now: 0 })
  const named = <T extends Message>(list: readonly T[], nameOf: (message: T) => string) =>
    new Map(list.map((message) => [nameOf(message), message as Message]))
  return [
    ...compareResources(
      ListenerSchema,
      scenario.listeners,
      named(listeners, (listener) => listener.name),
    ),
    ...compareResources(
      ClusterSchema,
      scenario.clusters,
      named(clusters, (cluster) => cluster.name),
    ),
    ...compareResources(
      ClusterLoadAssignmentSchema,
      scenario.endpoints,
      named(endpoints, (one) => one.clusterName),
    ),
  ]
}

function compareResources(schema: DescMessage, istiod: Map<string, JsonObject>, cairn: Map<string, Message>): string[] {
  return [...new Set([...istiod.keys(), ...cairn.keys()])].flatMap((name) => {
    const theirs = istiod.get(name)
    const ours = cairn.get(name)
    return compareTrees(theirs && canonicalIstio(schema, theirs), ours && canonicalCairn(schema, ours), name)
  })
}

/** The specification's precedence, read off Envoy's own match, as text that sorts like it; consumer routes come first. */
function strength(match: JsonObject): string {
  const path = String(match['path'] ?? match['path_separated_prefix'] ?? match['prefix'] ?? '')
  const kind = 'path' in match ? 2 : 'safe_regex' in match ? 0 : 1
  const headers = (match['headers'] ?? []) as JsonObject[]
  const method = headers.some((header) => header['name'] === ':method')
  const queries = (match['query_parameters'] ?? []) as JsonObject[]
  const digits = (value: number) => String(value).padStart(4, '0')
  return [
    Number('filter_state' in match),
    kind,
    digits(path.length),
    Number(method),
    digits(headers.length - Number(method)),
    digits(queries.length),
  ].join(' ')
}
