// Group `balancing`: which host takes a request. Most hosts here refuse connections: the access log names the one that was
// chosen, and addresses that are the same in every run give the same hashes.

import type { Actor, ClusterSpec, Json, JsonObject, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { get, noteAnswers, request, sequence, untilAnswered } from '../exchanges.ts'
import { casesOf, onHeaders, pod } from '../pod-programs.ts'
import { route } from './routes.ts'

interface HostSpec {
  /** 127.0.7.`octet`:9. */
  readonly octet: number
  readonly weight?: number
  readonly health?: string
  readonly hostname?: string
  /** `envoy.lb` metadata. */
  readonly labels?: JsonObject
}

interface LocalitySpec {
  readonly hosts: readonly HostSpec[]
  readonly priority?: number
  readonly zone?: string
  readonly weight?: number
}

const range = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index)

const hosts = (count: number, from = 1, more: Partial<HostSpec> = {}): HostSpec[] =>
  range(count, from).map((octet) => ({ octet, ...more }))

function endpoint(host: HostSpec): JsonObject {
  return {
    endpoint: {
      address: { socket_address: { address: `127.0.7.${host.octet}`, port_value: 9 } },
      hostname: host.hostname,
    },
    load_balancing_weight: host.weight,
    health_status: host.health,
    metadata: host.labels && { filter_metadata: { 'envoy.lb': host.labels } },
  }
}

function locality(spec: LocalitySpec): JsonObject {
  return {
    locality: spec.zone === undefined ? undefined : { region: 'r', zone: spec.zone },
    priority: spec.priority,
    load_balancing_weight: spec.weight,
    lb_endpoints: spec.hosts.map(endpoint),
  }
}

/** A cluster of hosts that refuse. */
const clusterOf = (localities: readonly LocalitySpec[], extra: JsonObject, policy?: JsonObject): ClusterSpec => ({
  pods: [],
  extra: {
    transport_socket: undefined,
    load_assignment: { cluster_name: '<<backend>>', endpoints: localities.map(locality), policy },
    ...extra,
  },
})

const byHash = (hashPolicies: readonly JsonObject[], cluster: ClusterSpec, action: JsonObject = {}): ServiceSpec => ({
  routes: [route('only', { prefix: '/' }, { hash_policy: [...hashPolicies], ...action })],
  clusters: { backend: cluster },
})

const header = (name: string, more: JsonObject = {}): JsonObject => ({ header: { header_name: name, ...more } })
const USER = [header('x-user')]

const USERS = [
  'ann',
  'bob',
  'cyd',
  'dan',
  'eve',
  'fay',
  'gus',
  'hal',
  'ida',
  'jim',
  'kay',
  'lee',
  'a longer value of more than 32 octets',
]
const asUsers = sequence(...USERS.map((user) => get('/', { 'x-user': user })))

const FIVE = [{ hosts: hosts(5) }]
const WEIGHTED = [{ hosts: [1, 5, 2, 10, 3].map((weight, index) => ({ octet: index + 1, weight })) }]
const NAMED = [{ hosts: range(5).map((octet) => ({ octet, hostname: `host-${octet}.test` })) }]
const KEYED = [{ hosts: range(5).map((octet) => ({ octet, labels: { hash_key: octet === 3 ? '' : `key ${octet}` } })) }]

const RING: JsonObject = { lb_policy: 'RING_HASH' }
const MAGLEV: JsonObject = { lb_policy: 'MAGLEV' }
const ring = (config: JsonObject): JsonObject => ({ ...RING, ring_hash_lb_config: config })
const consistent = (config: JsonObject): JsonObject => ({
  common_lb_config: { healthy_panic_threshold: {}, consistent_hashing_lb_config: config },
})

/** The only clusters that Envoy lets hash hostnames. */
const BY_NAME: JsonObject = { type: 'STRICT_DNS', dns_lookup_family: 'V4_ONLY' }

const extension = (type: string, config: JsonObject = {}): JsonObject => ({
  lb_policy: 'LOAD_BALANCING_POLICY_CONFIG',
  load_balancing_policy: {
    policies: [
      {
        typed_extension_config: {
          name: type,
          typed_config: typed(`envoy.extensions.load_balancing_policies.${type}`, config),
        },
      },
    ],
  },
})

const RETRYING: JsonObject = {
  retry_policy: {
    retry_on: 'connect-failure',
    num_retries: 3,
    host_selection_retry_max_attempts: '5',
    retry_back_off: { base_interval: '0.001s', max_interval: '0.002s' },
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
      },
    ],
  },
}

/** Requests whose hosts are found by each of these headers. */
const each = (...list: Readonly<Record<string, string>>[]): ((actor: Actor) => Promise<void>) =>
  sequence(...list.map((headers) => get('/', headers)))

const stateFilter = (factory: string): JsonObject => ({
  name: 'state',
  typed_config: typed('envoy.extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: [
      {
        object_key: 'the.state',
        factory_key: factory,
        format_string: { text_format_source: { inline_string: '%REQ(x-user)%' } } as Json,
      },
    ],
  }),
})

const NOTHING = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'

/** Asks for a cookie, and again with the one that was given; its value depends on the client's port. */
async function withGivenCookie(actor: Actor): Promise<void> {
  const { tunnel } = await actor.open()
  tunnel.write(get('/'))
  await untilAnswered(tunnel, ['GET'], 1)
  const line = /\r\nset-cookie: (.*)\r\n/.exec(tunnel.received.toString('latin1'))?.[1] ?? ''
  actor.note('set-cookie', line.replace(/="[0-9a-f]{16}"/, '="<hash>"'))
  const second = await actor.open()
  second.tunnel.write(get('/', { cookie: line.split(';')[0] }))
  await untilAnswered(second.tunnel, ['GET'], 1)
  await noteAnswers(actor, second.tunnel, ['GET'])
}

const givingCookie = (cookie: JsonObject): ServiceSpec => ({
  routes: [route('only', { prefix: '/' }, { hash_policy: [{ cookie: { name: 'session', ...cookie } }] })],
  clusters: { backend: { pods: ['a'], extra: RING } },
})

const SICK = { health: 'UNHEALTHY' }
const PANIC: JsonObject = { common_lb_config: { healthy_panic_threshold: { value: 50 } } }
const LOCALITIES: JsonObject = { common_lb_config: { healthy_panic_threshold: {}, locality_weighted_lb_config: {} } }
const SOME = sequence(...range(4).map((ordinal) => get(`/${ordinal}`)))

/** Two localities of which the first has a host when it has no weight, else three; the second has one, or three. */
const localities = (first: number | undefined, second: number | undefined): LocalitySpec[] => [
  { hosts: hosts(first === undefined ? 1 : 3), zone: 'a', weight: first },
  { hosts: hosts(first === undefined ? 1 : 3, 11), zone: 'b', weight: second },
]

/** Policies that leave something to chance are given one host to choose. */
const inTurn = (list: readonly LocalitySpec[], extra: JsonObject = {}, policy?: JsonObject): ServiceSpec => ({
  routes: [route('only', { prefix: '/' })],
  clusters: { backend: clusterOf(list, { lb_policy: 'ROUND_ROBIN', ...extra }, policy) },
})

/** What is a matter of chance elsewhere is a matter of the hash here. */
const hashed = (list: readonly LocalitySpec[], extra: JsonObject = RING, policy?: JsonObject): ServiceSpec =>
  byHash(USER, clusterOf(list, extra, policy))

const PROD = { labels: { stage: 'prod' } }

/** Nine hosts with labels. */
const LABELLED: readonly HostSpec[] = [
  ...hosts(3, 1, { labels: { stage: 'prod', version: 1, roles: ['a', 'b'] } }),
  ...hosts(2, 4, { labels: { version: 2, stage: 'prod', roles: ['b'] } }),
  ...hosts(2, 6, { labels: { stage: 'dev', version: 1, roles: 'b' } }),
  { octet: 8, ...SICK, labels: { stage: 'test' } },
  { octet: 9 },
]

const wanted = (labels: JsonObject): JsonObject => ({ metadata_match: { filter_metadata: { 'envoy.lb': labels } } })

const subsets = (config: JsonObject | undefined, action: JsonObject = {}, extra: JsonObject = MAGLEV): ServiceSpec =>
  byHash(USER, clusterOf([{ hosts: LABELLED }], { ...extra, lb_subset_config: config }), action)

export const balancingCases = casesOf('balancing', {
  'ring-by-header': { service: byHash(USER, clusterOf(FIVE, RING)), exchange: asUsers },
  'ring-of-many-hosts': { service: byHash(USER, clusterOf([{ hosts: hosts(60) }], RING)), exchange: asUsers },
  'ring-by-weight': { service: byHash(USER, clusterOf(WEIGHTED, RING)), exchange: asUsers },
  'ring-by-murmur-hash': {
    service: byHash(USER, clusterOf(FIVE, ring({ hash_function: 'MURMUR_HASH_2' }))),
    exchange: asUsers,
  },
  'ring-by-murmur-hash-of-keys': {
    service: byHash(USER, clusterOf(KEYED, ring({ hash_function: 'MURMUR_HASH_2', minimum_ring_size: '16' }))),
    exchange: asUsers,
  },
  'ring-of-least-size': {
    service: byHash(USER, clusterOf(WEIGHTED, ring({ minimum_ring_size: '1' }))),
    exchange: asUsers,
  },
  'ring-of-bounded-size': {
    service: byHash(USER, clusterOf(WEIGHTED, ring({ minimum_ring_size: '7', maximum_ring_size: '7' }))),
    exchange: asUsers,
  },
  'ring-by-hostname': {
    service: byHash(USER, clusterOf(NAMED, { ...RING, ...BY_NAME, ...consistent({ use_hostname_for_hashing: true }) })),
    exchange: asUsers,
  },
  'ring-by-hash-key': { service: byHash(USER, clusterOf(KEYED, RING)), exchange: asUsers },
  'ring-by-extension': {
    service: byHash(
      USER,
      clusterOf(NAMED, {
        ...extension('ring_hash.v3.RingHash', {
          minimum_ring_size: '64',
          consistent_hashing_lb_config: { use_hostname_for_hashing: true },
        }),
      }),
    ),
    exchange: asUsers,
  },
  'ring-by-extension-in-old-fields': {
    service: byHash(
      USER,
      clusterOf(
        NAMED,
        extension('ring_hash.v3.RingHash', { hash_function: 'XX_HASH', use_hostname_for_hashing: true }),
      ),
    ),
    exchange: asUsers,
  },
  'ring-retries-go-on-around': { service: byHash(USER, clusterOf(FIVE, RING), RETRYING), exchange: asUsers },
  'ring-of-no-hosts': { service: byHash(USER, clusterOf([], RING)), exchange: asUsers },

  'maglev-by-header': { service: byHash(USER, clusterOf(FIVE, MAGLEV)), exchange: asUsers },
  'maglev-of-many-hosts': { service: byHash(USER, clusterOf([{ hosts: hosts(60) }], MAGLEV)), exchange: asUsers },
  'maglev-by-weight': { service: byHash(USER, clusterOf(WEIGHTED, MAGLEV)), exchange: asUsers },
  'maglev-of-small-table': {
    service: byHash(USER, clusterOf(WEIGHTED, { ...MAGLEV, maglev_lb_config: { table_size: '13' } })),
    exchange: asUsers,
  },
  'maglev-of-large-table': {
    service: byHash(USER, clusterOf(FIVE, { ...MAGLEV, maglev_lb_config: { table_size: '5000011' } })),
    exchange: asUsers,
  },
  'maglev-by-hostname': {
    service: byHash(
      USER,
      clusterOf(NAMED, { ...MAGLEV, ...BY_NAME, ...consistent({ use_hostname_for_hashing: true }) }),
    ),
    exchange: asUsers,
  },
  'maglev-by-extension': {
    service: byHash(USER, clusterOf(KEYED, extension('maglev.v3.Maglev', { table_size: '101' }))),
    exchange: asUsers,
  },
  'maglev-retries-elsewhere': { service: byHash(USER, clusterOf(FIVE, MAGLEV), RETRYING), exchange: asUsers },

  'hash-of-header-values-in-any-order': {
    service: byHash(USER, clusterOf(FIVE, MAGLEV)),
    exchange: sequence(
      'GET / HTTP/1.1\r\nhost: a\r\nx-user: ann\r\nx-user: bob\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nx-user: bob\r\nx-user: ann\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nx-user: c\r\nx-user: b\r\nx-user: a\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nx-user: 1\r\nx-user: 2\r\nx-user: 1\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\nx-user:\r\nx-user: one\r\n\r\n',
      get('/', { 'x-user': 'annbob' }),
      get('/', { 'x-user': 'ann,bob' }),
      get('/', { 'x-user': '' }),
    ),
  },
  'hash-of-rewritten-header': {
    service: byHash(
      [header('x-user', { regex_rewrite: { pattern: { regex: '([a-z]+)-[0-9]+' }, substitution: '\\1' } })],
      clusterOf(FIVE, MAGLEV),
    ),
    exchange: each({ 'x-user': 'ann-1' }, { 'x-user': 'ann-22' }, { 'x-user': 'bob-1' }, { 'x-user': 'ann' }),
  },
  'hash-of-pseudo-headers': {
    service: byHash([header(':path'), header(':authority'), header('Host')], clusterOf(FIVE, MAGLEV)),
    exchange: sequence(get('/a'), get('/b'), get('/c?d', { host: 'other.test' }), request('POST', '/a')),
  },
  'hash-of-several-policies': {
    service: byHash([header('x-a'), header('x-b'), header('x-a')], clusterOf(FIVE, MAGLEV)),
    exchange: each(
      { 'x-a': '1' },
      { 'x-b': '1' },
      { 'x-a': '1', 'x-b': '1' },
      { 'x-a': '2', 'x-b': '1' },
      { 'x-a': '3', 'x-b': '7' },
    ),
  },
  'hash-terminal-policy': {
    service: byHash([{ ...header('x-a'), terminal: true }, header('x-b')], clusterOf(FIVE, MAGLEV)),
    exchange: each({ 'x-a': '1', 'x-b': '1' }, { 'x-a': '1', 'x-b': '2' }, { 'x-b': '2' }, { 'x-b': '3' }),
  },
  'hash-terminal-policy-behind-another': {
    service: byHash([header('x-a'), { ...header('x-b'), terminal: true }, header('x-c')], clusterOf(FIVE, MAGLEV)),
    exchange: each({ 'x-a': '1', 'x-c': '1' }, { 'x-a': '1', 'x-c': '2' }, { 'x-b': '2', 'x-c': '9' }, { 'x-c': '3' }),
  },
  'hash-of-source': {
    service: byHash([{ connection_properties: { source_ip: true } }], clusterOf(FIVE, RING)),
    exchange: each({}, { 'x-forwarded-for': '10.1.2.3' }, { 'x-forwarded-for': '10.1.2.4' }),
  },
  'hash-of-source-not-wanted': {
    service: byHash([{ connection_properties: {} }, ...USER], clusterOf(FIVE, RING)),
    exchange: asUsers,
  },
  'hash-of-query-parameter': {
    service: byHash([{ query_parameter: { name: 'user' } }], clusterOf(FIVE, MAGLEV)),
    exchange: sequence(
      get('/?user=ann'),
      get('/?x=1&user=bob&user=cyd'),
      get('/?user='),
      get('/?user'),
      get('/?user=%61nn'),
      get('/x?user=dan#user=eve'),
    ),
  },
  'hash-of-cookie': {
    service: byHash([{ cookie: { name: 'session' } }], clusterOf(FIVE, MAGLEV)),
    exchange: each(
      { cookie: 'session=one' },
      { cookie: 'a=b; session=two; session=three' },
      { cookie: 'session="two"' },
      { cookie: ';;session = five;session=six' },
      { cookie: 'xsession=1;session=se=ven' },
      { cookie: 'session=eight ; x=y' },
    ),
  },
  'hash-of-cookies-in-two-lines': {
    service: byHash([{ cookie: { name: 'session' } }], clusterOf(FIVE, MAGLEV)),
    exchange: sequence(
      'GET / HTTP/1.1\r\nhost: a\r\ncookie: x=y\r\ncookie: session=one\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: a\r\ncookie: session=two\r\ncookie: session=one\r\n\r\n',
    ),
  },
  'hash-cookie-given': {
    service: givingCookie({ ttl: '3600.5s' }),
    pods: pod(() => onHeaders(NOTHING)),
    exchange: withGivenCookie,
  },
  'hash-cookie-of-session-given': {
    service: givingCookie({
      ttl: '0s',
      path: '/some',
      attributes: [{ name: 'SameSite', value: 'Strict' }, { name: 'Secure' }],
    }),
    pods: pod(() => onHeaders(NOTHING)),
    exchange: withGivenCookie,
  },
  'hash-of-filter-state': {
    service: {
      ...byHash([{ filter_state: { key: 'the.state' } }], clusterOf(FIVE, MAGLEV)),
      filters: [stateFilter('envoy.hashable_string')],
    },
    exchange: asUsers,
  },
  'hash-of-filter-state-without-hash': {
    service: {
      ...byHash([{ filter_state: { key: 'the.state' } }, header('x-user')], clusterOf(FIVE, MAGLEV)),
      filters: [stateFilter('envoy.string')],
    },
    exchange: asUsers,
  },
  'hash-of-connection-state': {
    service: byHash([{ filter_state: { key: 'io.istio.peer_principal' } }], clusterOf(FIVE, MAGLEV)),
    exchange: async (actor) => {
      for (const account of ['client', 'other', 'third']) {
        const { tunnel } = await actor.open({ identity: ['default', account], fresh: true })
        tunnel.write(get('/'))
        await untilAnswered(tunnel, ['GET'], 1)
      }
    },
  },

  'priority-next-when-the-first-is-sick': {
    service: inTurn([{ hosts: hosts(2, 1, SICK) }, { hosts: hosts(1, 3), priority: 1 }]),
    exchange: SOME,
  },
  'priority-first-without-hosts': {
    service: inTurn([{ hosts: [] }, { hosts: hosts(1), priority: 1 }]),
    exchange: SOME,
  },
  'priority-two-missing': {
    service: inTurn([{ hosts: hosts(1), priority: 2 }]),
    exchange: SOME,
  },
  'priority-kept-while-overprovisioned': {
    service: hashed([{ hosts: [...hosts(3), ...hosts(1, 4, SICK)] }, { hosts: hosts(2, 5), priority: 1 }]),
    exchange: asUsers,
  },
  'priority-shared': {
    service: hashed([{ hosts: [...hosts(2), ...hosts(3, 3, SICK)] }, { hosts: hosts(2, 6), priority: 1 }]),
    exchange: asUsers,
  },
  'priority-shared-by-three': {
    service: hashed([
      { hosts: [...hosts(1), ...hosts(3, 2, SICK)] },
      { hosts: [...hosts(1, 5), ...hosts(3, 6, SICK)], priority: 1 },
      { hosts: hosts(2, 9), priority: 2 },
    ]),
    exchange: asUsers,
  },
  'priority-without-overprovisioning': {
    service: hashed([{ hosts: [...hosts(3), ...hosts(1, 4, SICK)] }, { hosts: hosts(2, 5), priority: 1 }], RING, {
      overprovisioning_factor: 100,
    }),
    exchange: asUsers,
  },
  'priority-with-much-overprovisioning': {
    service: hashed([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }, { hosts: hosts(2, 6), priority: 1 }], RING, {
      overprovisioning_factor: 400,
    }),
    exchange: asUsers,
  },
  'priority-by-weighted-health': {
    service: hashed(
      [
        {
          hosts: [
            { octet: 1, weight: 1 },
            { octet: 2, weight: 9, ...SICK },
          ],
        },
        { hosts: hosts(2, 3), priority: 1 },
      ],
      RING,
      { weighted_priority_health: true },
    ),
    exchange: asUsers,
  },
  'priority-of-rounding': {
    service: hashed(
      range(3).map((priority) => ({
        hosts: [...hosts(1, 10 * priority), ...hosts(5, 10 * priority + 1, SICK)],
        priority: priority - 1,
      })),
    ),
    exchange: asUsers,
  },
  'priority-of-maglev': {
    service: hashed([{ hosts: [...hosts(2), ...hosts(3, 3, SICK)] }, { hosts: hosts(2, 6), priority: 1 }], MAGLEV),
    exchange: asUsers,
  },

  'health-each-status': {
    service: inTurn(
      [
        {
          hosts: ['UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED', 'UNKNOWN'].map((health, index) => ({
            octet: index + 1,
            health,
          })),
        },
      ],
      {},
      { overprovisioning_factor: 1000 },
    ),
    exchange: SOME,
  },
  'health-degraded-when-there-is-no-other': {
    service: inTurn(
      [{ hosts: [...hosts(2, 1, SICK), { octet: 3, health: 'DEGRADED' }] }],
      {},
      {
        overprovisioning_factor: 1000,
      },
    ),
    exchange: SOME,
  },
  'health-degraded-before-the-next-priority': {
    service: inTurn([{ hosts: hosts(1, 1, { health: 'DEGRADED' }) }, { hosts: hosts(1, 2, SICK), priority: 1 }]),
    exchange: SOME,
  },
  'health-healthy-of-the-next-priority-before-degraded': {
    service: inTurn([{ hosts: hosts(1, 1, { health: 'DEGRADED' }) }, { hosts: hosts(1, 2), priority: 1 }]),
    exchange: SOME,
  },
  'health-degraded-is-in-no-ring': {
    service: hashed([{ hosts: hosts(3, 1, { health: 'DEGRADED' }) }]),
    exchange: asUsers,
  },
  'health-none': { service: inTurn([{ hosts: hosts(3, 1, SICK) }]), exchange: SOME },

  'panic-takes-all': {
    service: hashed([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }], { ...RING, ...PANIC }),
    exchange: asUsers,
  },
  'panic-of-maglev': {
    service: hashed([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }], { ...MAGLEV, ...PANIC }),
    exchange: asUsers,
  },
  'panic-not-at-the-threshold': {
    service: hashed([{ hosts: [...hosts(2), ...hosts(2, 3, SICK)] }], { ...RING, ...PANIC }),
    exchange: asUsers,
  },
  'panic-not-while-another-priority-carries-the-load': {
    service: hashed([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }, { hosts: hosts(2, 6), priority: 1 }], {
      ...RING,
      ...PANIC,
    }),
    exchange: asUsers,
  },
  'panic-of-one-priority': {
    service: hashed(
      [
        { hosts: [...hosts(1), ...hosts(9, 2, SICK)] },
        { hosts: [...hosts(6, 11), ...hosts(4, 17, SICK)], priority: 1 },
      ],
      { ...RING, ...PANIC },
    ),
    exchange: asUsers,
  },
  'panic-of-all-priorities': {
    service: hashed([{ hosts: hosts(3, 1, SICK) }, { hosts: hosts(5, 4, { health: 'DRAINING' }), priority: 1 }], {
      ...RING,
      ...PANIC,
    }),
    exchange: asUsers,
  },
  'panic-threshold-of-fractions': {
    service: hashed([{ hosts: [...hosts(2), ...hosts(3, 3, SICK)] }], {
      ...RING,
      common_lb_config: { healthy_panic_threshold: { value: 40.6 } },
    }),
    exchange: asUsers,
  },
  'panic-fails-traffic': {
    service: inTurn([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }], {
      common_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } },
    }),
    exchange: SOME,
  },
  'panic-fails-traffic-by-extension': {
    service: inTurn([{ hosts: [...hosts(1), ...hosts(4, 2, SICK)] }], {
      common_lb_config: {},
      ...extension('least_request.v3.LeastRequest', {
        locality_lb_config: { zone_aware_lb_config: { fail_traffic_on_panic: true } },
      }),
    }),
    exchange: SOME,
  },

  'locality-without-weight': { service: inTurn(localities(undefined, 1), LOCALITIES), exchange: SOME },
  'locality-of-sick-hosts': {
    service: inTurn(
      [
        { hosts: hosts(2, 1, SICK), zone: 'a', weight: 100 },
        { hosts: hosts(1, 3), zone: 'b', weight: 1 },
      ],
      LOCALITIES,
    ),
    exchange: SOME,
  },
  'locality-weights-unused-without-being-asked': {
    service: hashed(localities(1, 100), RING),
    exchange: asUsers,
  },
  'locality-weights-in-ring': { service: hashed(localities(1, 5), { ...RING, ...LOCALITIES }), exchange: asUsers },
  'locality-weights-in-maglev': { service: hashed(localities(5, 1), { ...MAGLEV, ...LOCALITIES }), exchange: asUsers },
  'locality-weights-in-ring-by-extension': {
    service: hashed(localities(1, 5), extension('ring_hash.v3.RingHash', { locality_weighted_lb_config: {} })),
    exchange: asUsers,
  },
  'locality-weights-in-ring-of-sick-hosts': {
    service: hashed(
      [
        { hosts: [...hosts(1), ...hosts(2, 2, SICK)], zone: 'b', weight: 4 },
        { hosts: hosts(3, 11), zone: 'a', weight: 2 },
        { hosts: hosts(3, 21, SICK), zone: 'c', weight: 4 },
      ],
      { ...RING, ...LOCALITIES },
    ),
    exchange: asUsers,
  },
  'locality-weights-in-ring-without-weight': {
    service: hashed(localities(undefined, undefined), { ...RING, ...LOCALITIES }),
    exchange: asUsers,
  },
  'locality-by-extension': {
    service: inTurn(
      localities(undefined, 1),
      extension('random.v3.Random', { locality_lb_config: { locality_weighted_lb_config: {} } }),
    ),
    exchange: SOME,
  },

  'subset-by-metadata': {
    service: subsets({ subset_selectors: [{ keys: ['stage'] }] }, wanted({ stage: 'prod' })),
    exchange: asUsers,
  },
  'subset-by-two-keys-in-any-order': {
    service: subsets({ subset_selectors: [{ keys: ['version', 'stage'] }] }, wanted({ version: 2, stage: 'prod' })),
    exchange: asUsers,
  },
  'subset-of-other-values-without-fallback': {
    service: subsets({ subset_selectors: [{ keys: ['stage'] }] }, wanted({ stage: 'none' })),
    exchange: SOME,
  },
  'subset-of-part-of-the-keys': {
    service: subsets({ subset_selectors: [{ keys: ['stage', 'version'] }] }, wanted({ stage: 'prod' })),
    exchange: SOME,
  },
  'subset-not-wanted': { service: subsets({ subset_selectors: [{ keys: ['stage'] }] }), exchange: SOME },
  'subset-without-selectors': {
    service: subsets({ fallback_policy: 'NO_FALLBACK' }, wanted({ stage: 'none' })),
    exchange: asUsers,
  },
  'subset-fallback-to-any': {
    service: subsets(
      { subset_selectors: [{ keys: ['stage'] }], fallback_policy: 'ANY_ENDPOINT' },
      wanted({ stage: 'none' }),
    ),
    exchange: asUsers,
  },
  'subset-fallback-to-default': {
    service: subsets(
      {
        subset_selectors: [{ keys: ['stage'] }],
        fallback_policy: 'DEFAULT_SUBSET',
        default_subset: { stage: 'prod', version: 1 },
      },
      wanted({ stage: 'none' }),
    ),
    exchange: asUsers,
  },
  'subset-fallback-of-panic': {
    service: subsets(
      {
        subset_selectors: [{ keys: ['stage'] }],
        fallback_policy: 'DEFAULT_SUBSET',
        default_subset: { stage: 'nowhere' },
        panic_mode_any: true,
      },
      wanted({ stage: 'none' }),
    ),
    exchange: asUsers,
  },
  'subset-fallback-of-selector': {
    service: subsets(
      {
        subset_selectors: [
          { keys: ['stage'], fallback_policy: 'ANY_ENDPOINT' },
          { keys: ['version'], fallback_policy: 'NO_FALLBACK' },
        ],
        fallback_policy: 'DEFAULT_SUBSET',
        default_subset: { stage: 'dev' },
      },
      wanted({ stage: 'none' }),
    ),
    exchange: asUsers,
  },
  'subset-no-fallback-of-selector': {
    service: subsets(
      {
        subset_selectors: [{ keys: ['version'], fallback_policy: 'NO_FALLBACK' }],
        fallback_policy: 'ANY_ENDPOINT',
      },
      wanted({ version: 7 }),
    ),
    exchange: SOME,
  },
  'subset-fallback-to-fewer-keys': {
    service: subsets(
      {
        subset_selectors: [
          { keys: ['stage', 'version'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['stage'] },
          { keys: ['stage'] },
        ],
      },
      wanted({ stage: 'prod', version: 7 }),
    ),
    exchange: asUsers,
  },
  'subset-fallback-of-hidden-selector': {
    service: subsets(
      {
        subset_selectors: [{ keys: ['stage', 'version'] }, { keys: ['stage'], fallback_policy: 'ANY_ENDPOINT' }],
      },
      wanted({ stage: 'none' }),
    ),
    exchange: SOME,
  },
  'subset-of-sick-hosts-is-not-left': {
    service: subsets(
      { subset_selectors: [{ keys: ['stage'] }], fallback_policy: 'ANY_ENDPOINT' },
      wanted({ stage: 'test' }),
    ),
    exchange: SOME,
  },
  'subset-of-a-list-of-values': {
    service: subsets({ subset_selectors: [{ keys: ['roles'] }], list_as_any: true }, wanted({ roles: 'b' })),
    exchange: asUsers,
  },
  'subset-of-a-list-as-a-whole': {
    service: subsets({ subset_selectors: [{ keys: ['roles'] }] }, wanted({ roles: ['a', 'b'] })),
    exchange: asUsers,
  },
  'subset-default-of-a-list-of-values': {
    service: subsets({
      subset_selectors: [{ keys: ['stage'] }],
      list_as_any: true,
      fallback_policy: 'DEFAULT_SUBSET',
      default_subset: { roles: 'a' },
    }),
    exchange: asUsers,
  },
  'subset-of-a-single-host': {
    service: subsets(
      { subset_selectors: [{ keys: ['stage'], single_host_per_subset: true }] },
      wanted({ stage: 'prod' }),
    ),
    exchange: asUsers,
  },
  'subset-of-weighted-clusters': {
    service: subsets(
      { subset_selectors: [{ keys: ['stage', 'version'] }] },
      {
        cluster: undefined,
        ...wanted({ stage: 'dev', version: 1 }),
        weighted_clusters: {
          clusters: [{ name: '<<backend>>', weight: 1, ...wanted({ stage: 'prod' }) }],
        },
      },
    ),
    exchange: asUsers,
  },
  'subset-by-extension': {
    service: subsets(undefined, wanted({ stage: 'prod', more: 'than selected' }), {
      ...extension('subset.v3.Subset', {
        subset_selectors: [{ keys: ['version'] }, { keys: ['stage'] }],
        allow_redundant_keys: true,
        subset_lb_policy: extension('maglev.v3.Maglev').load_balancing_policy,
      }),
    }),
    exchange: asUsers,
  },
  'subset-priorities-of-its-own': {
    service: {
      ...byHash(
        USER,
        clusterOf(
          [
            { hosts: [...hosts(3, 1, { labels: { stage: 'dev' } }), ...hosts(3, 4, { ...SICK, ...PROD })] },
            { hosts: hosts(3, 7, PROD), priority: 1 },
          ],
          { ...RING, lb_subset_config: { subset_selectors: [{ keys: ['stage'] }] } },
        ),
        wanted({ stage: 'prod' }),
      ),
    },
    exchange: asUsers,
  },
})
