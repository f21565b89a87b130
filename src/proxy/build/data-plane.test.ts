import { beforeAll, describe, expect, test } from '@jest/globals'
import { fromJson, type DescMessage, type JsonObject } from '@bufbuild/protobuf'
import { MeshAuthority, type Identity } from '../../../test/support/certificates.ts'
import { EventRecorder, NO_STATS, pass, run, testDispatcher } from '../../../test/support/connections.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { ClusterSchema } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { SnapshotBuilder } from '../../envoy/snapshot-builder.ts'
import { emptySnapshot, type Snapshot } from '../../envoy/snapshot.ts'
import { diffSnapshots } from '../../envoy/snapshot.ts'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import { Http2ClientCodec } from '../../codec/http2/client-codec.ts'
import { DEFAULT_HTTP2_OPTIONS } from '../../codec/http2/options.ts'
import type { RequestEncoder, ResponseDecoder } from '../../codec/http-stream.ts'
import { seededRandom } from '../../lib/random.ts'
import type { LoadBalancerContext } from '../cluster/load-balancer.ts'
import type { Connection } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { NO_HANDLER } from '../connection/no-handler.ts'
import { NOBODY } from '../http/local-info.ts'
import { DataPlane } from './data-plane.ts'

const TYPES = 'type.googleapis.com/envoy'
const DRAIN_MS = 5000
const REQUEST = Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')

let identity: Identity
let renewed: Identity

beforeAll(async () => {
  const authority = await MeshAuthority.create()
  identity = await authority.issue('demo', 'waypoint')
  renewed = await authority.issue('demo', 'waypoint')
})

interface HttpOptions {
  answer?: string
  more?: JsonObject
  rds?: string
}

function router(answer: string): JsonObject {
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: answer } } }]
  return {
    name: 'r',
    max_direct_response_body_size_bytes: 1_000_000,
    virtual_hosts: [{ name: 'v', domains: ['*'], routes }],
  }
}

function http({ answer = 'one', more = {}, rds }: HttpOptions = {}): JsonObject {
  const type = `${TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`
  const routes: JsonObject =
    rds === undefined
      ? { route_config: router(answer) }
      : { rds: { route_config_name: rds, config_source: { ads: {} } } }
  const filter = { name: 'router', typed_config: { '@type': `${TYPES}.extensions.filters.http.router.v3.Router` } }
  return {
    name: 'hcm',
    typed_config: { '@type': type, stat_prefix: 'http', http_filters: [filter], ...routes, ...more },
  }
}

function tcp(cluster: string): JsonObject {
  const type = `${TYPES}.extensions.filters.network.tcp_proxy.v3.TcpProxy`
  return { name: 'tcp', typed_config: { '@type': type, stat_prefix: 'tcp', cluster } }
}

/** A router is neither a network filter nor a listener filter. */
const UNKNOWN: JsonObject = {
  name: 'unknown',
  typed_config: { '@type': `${TYPES}.extensions.filters.http.router.v3.Router` },
}

function chain(name: string, filter: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, filters: [filter], ...more }
}

/** Chains are told apart by the port that the internal address does not have, so the first without a match takes all. */
function internal(...filterChains: JsonObject[]): JsonObject {
  return { name: 'inside', internal_listener: {}, filter_chains: filterChains }
}

function staticCluster(name: string, ...ports: number[]): JsonObject {
  return { name, type: 'STATIC', load_assignment: assignment(name, ...ports) }
}

function assignment(name: string, ...ports: number[]): JsonObject {
  const endpoints = ports.map((port) => {
    return { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }
  })
  return { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] }
}

function secret(name: string, { chainPem, keyPem }: Pick<Identity, 'chainPem' | 'keyPem'>): JsonObject {
  return {
    name,
    tls_certificate: { certificate_chain: { inline_string: chainPem }, private_key: { inline_string: keyPem } },
  }
}

function tlsSocket(kind: 'Upstream' | 'Downstream', secretName: string, more: JsonObject = {}): JsonObject {
  const common = { tls_certificate_sds_secret_configs: [{ name: secretName, sds_config: { ads: {} } }], ...more }
  const type = `${TYPES}.extensions.transport_sockets.tls.v3.${kind}TlsContext`
  return { transport_socket: { name: 'tls', typed_config: { '@type': type, common_tls_context: common } } }
}

interface Resources {
  listeners?: JsonObject[]
  clusters?: JsonObject[]
  endpoints?: JsonObject[]
  routes?: JsonObject[]
  secrets?: JsonObject[]
}

function snapshotOf(resources: Resources): Snapshot {
  const builder = new SnapshotBuilder()
  const add = (desc: DescMessage, list: JsonObject[] = []): void => {
    for (const json of list) builder.addMessage(desc, fromJson(desc, json, { registry }))
  }
  add(SecretSchema, resources.secrets)
  add(ClusterSchema, resources.clusters)
  add(ClusterLoadAssignmentSchema, resources.endpoints)
  add(ListenerSchema, resources.listeners)
  add(RouteConfigurationSchema, resources.routes)
  return builder.build('1')
}

/** An HTTP/2 client that takes nothing of an answer until it is told to. */
class SlowClient implements ResponseDecoder {
  receivedBytes = 0
  encoder: RequestEncoder | undefined = undefined
  outcome = 'open'
  private readonly codec: Http2ClientCodec

  constructor(connection: Connection, dispatcher: Dispatcher) {
    const callbacks = { setReadable: () => undefined, onGoaway: () => undefined, onCapacityChange: () => undefined }
    // As pools do: the codec writes its preface, and may be answered, before it can be the handler.
    connection.handler = NO_HANDLER
    this.codec = new Http2ClientCodec(connection, callbacks, { ...DEFAULT_HTTP2_OPTIONS, defer: dispatcher.defer })
    connection.handler = {
      onData: (chunk) => void this.codec.dispatch(chunk),
      onEnd: () => this.codec.inputEnded(),
      onWritable: () => this.codec.onTransportWritable(),
      onClose: () => this.codec.connectionClosed('connection termination'),
    }
  }

  get(): void {
    const headers = new RequestHeaderMap()
    headers.method = 'GET'
    headers.path = '/'
    headers.authority = 'a'
    headers.scheme = 'http'
    this.encoder = this.codec.newStream(this)
    this.encoder.sendHeaders(headers, true)
    this.encoder.pauseRead()
  }

  onData(chunk: Buffer, endStream: boolean): void {
    this.receivedBytes += chunk.length
    if (endStream) this.outcome = 'complete'
  }

  onReset(reason: string): void {
    this.outcome = reason
  }

  onHeaders(): void {}
  onInformational(): void {}
  onTrailers(): void {}
  onWritable(): void {}
}

class Rig {
  readonly dispatcher = testDispatcher()
  readonly dataPlane: DataPlane
  resolve = (): Promise<readonly string[]> => Promise.resolve(['10.0.0.1'])
  private current = emptySnapshot

  constructor() {
    this.dataPlane = new DataPlane({
      dispatcher: this.dispatcher,
      stats: NO_STATS,
      random: seededRandom(1),
      receiveBudget: { tryGrow: () => false, release: () => undefined },
      formats: { hostname: 'host', variables: {}, nowMs: () => 0 },
      localInfo: NOBODY,
      resolveHost: () => this.resolve(),
      listen: { reusePort: false, binds: false },
      accessLogSink: () => ({ write: () => true }),
      drainTimeMs: DRAIN_MS,
      rejectPathWithFragment: true,
    })
  }

  /** Goes over to `resources`; returns the problems, a line each. */
  async apply(resources: Resources): Promise<string> {
    const next = snapshotOf(resources)
    const problems = await this.dataPlane.apply(diffSnapshots(this.current, next))
    this.current = next
    return problems.text()
  }

  connect(): { connection: Connection; events: EventRecorder } {
    const dial = { listener: 'inside', endpointId: '', metadata: new Map(), filterState: [] }
    const connection = this.dataPlane.deps.internalListeners.connect(dial)
    if (connection === undefined) throw new Error('no listener')
    return { connection, events: EventRecorder.on(connection) }
  }

  /** The body of the answer to a request on `connection`. */
  request({ connection, events }: ReturnType<Rig['connect']>): string {
    events.text = ''
    run(this.dispatcher, () => connection.write(REQUEST))
    return events.text.slice(events.text.indexOf('\r\n\r\n') + 4)
  }

  hostsOf(name: string): string[] {
    return [...(this.dataPlane.deps.clusters.get(name)?.hosts ?? [])].map((host) => host.description.address.text)
  }
}

describe('filter chains', () => {
  test('a change of routes, filters or logs reaches the connections that are open', async () => {
    const rig = new Rig()
    expect(await rig.apply({ listeners: [internal(chain('a', http()))] })).toBe('')
    const open = rig.connect()
    expect(rig.request(open)).toBe('one')
    await rig.apply({ listeners: [internal(chain('a', http({ answer: 'two' })))] })
    expect(rig.request(open)).toBe('two')
    expect(open.events.text).not.toContain('connection: close')
    expect(rig.request(rig.connect())).toBe('two')
  })

  test.each([
    ['the codec', { more: { http_protocol_options: { accept_http_10: true } } }],
    ['what its connections are counted under', { more: { stat_prefix: 'other' } }],
  ])('a change of %s drains them, and new ones have the new chain', async (_what, options) => {
    const rig = new Rig()
    await rig.apply({ listeners: [internal(chain('a', http()))] })
    const open = rig.connect()
    rig.request(open)
    await rig.apply({ listeners: [internal(chain('a', http({ answer: 'two', ...options })))] })
    expect(rig.request(open)).toBe('one<end>')
    expect(open.events.text).toContain('connection: close')
    expect(rig.request(rig.connect())).toBe('two')
  })

  test('a change of TLS options drains the connections; what is left after the drain time is cut off', async () => {
    const rig = new Rig()
    const secrets = [secret('default', identity)]
    const secured = (more: JsonObject): JsonObject => chain('a', http(), tlsSocket('Downstream', 'default', more))
    expect(await rig.apply({ secrets, listeners: [internal(secured({}))] })).toBe('')
    const open = rig.connect()
    await rig.apply({ secrets, listeners: [internal(secured({ alpn_protocols: ['h2'] }))] })
    const idle = rig.connect()
    pass(rig.dispatcher, DRAIN_MS - 100)
    expect(open.events.text + idle.events.text).not.toContain('closed')
    pass(rig.dispatcher, 200)
    expect(open.events.text).toContain('closed: remote')
    expect(idle.events.text).toBe('')
  })

  test('the drain time counts from the change, however long nothing happened before it', async () => {
    const rig = new Rig()
    await rig.apply({ listeners: [internal(chain('a', http()))] })
    const open = rig.connect()
    rig.request(open)
    pass(rig.dispatcher, 1000 * DRAIN_MS)
    await rig.apply({ listeners: [] })
    pass(rig.dispatcher, DRAIN_MS - 100)
    expect(open.connection.isOpen).toBe(true)
    expect(rig.dataPlane.openConnections).toBe(1)
  })

  test('one that is refused leaves its last good one in place, and the others go on', async () => {
    const rig = new Rig()
    await rig.apply({ listeners: [internal(chain('a', http()))] })
    const open = rig.connect()
    const problems = await rig.apply({ listeners: [internal(chain('a', UNKNOWN))] })
    expect(problems).toContain('inside')
    expect(rig.request(open)).toBe('one')
    expect(rig.request(rig.connect())).toBe('one')
    expect(await rig.apply({ listeners: [internal(chain('a', http({ answer: 'mended' })))] })).toBe('')
    expect(rig.request(open)).toBe('mended')
  })

  test('when the listener is refused, none of its chains changes and no connection drains', async () => {
    const rig = new Rig()
    await rig.apply({ listeners: [internal(chain('a', http()))] })
    const open = rig.connect()
    const matched = { ...internal(chain('a', tcp('none'))), listener_filters: [UNKNOWN] }
    expect(await rig.apply({ listeners: [matched] })).toContain('listener_filters')
    expect(rig.request(open)).toBe('one')
    expect(open.events.text).not.toContain('connection: close')
    expect(rig.request(rig.connect())).toBe('one')
  })

  test('a chain that is removed takes no more connections and drains', async () => {
    const rig = new Rig()
    const never = { filter_chain_match: { server_names: ['nobody'] } }
    await rig.apply({ listeners: [internal(chain('a', http()), chain('b', http({ answer: 'b' }), never))] })
    const open = rig.connect()
    rig.request(open)
    await rig.apply({ listeners: [internal(chain('b', http({ answer: 'b' }), never))] })
    expect(rig.request(open)).toBe('one<end>')
    expect(open.events.text).toContain('connection: close')
    const refused = rig.connect()
    run(rig.dispatcher, () => undefined)
    expect(refused.events.text).toContain('closed')
  })
})

describe('an answer that a slow client is still reading', () => {
  test('is not cut short when its chain is removed, before the drain time is over', async () => {
    const rig = new Rig()
    const body = 'x'.repeat(200_000)
    expect(
      await rig.apply({ listeners: [internal(chain('a', http({ answer: body, more: { drain_timeout: '1s' } })))] }),
    ).toBe('')
    const { connection } = rig.connect()
    const client = new SlowClient(connection, rig.dispatcher)
    run(rig.dispatcher, () => client.get())
    expect(client.receivedBytes).toBe(0)
    await rig.apply({})
    // Long after the second GOAWAY: the answer is all in the codec, and waits for the client's window.
    pass(rig.dispatcher, DRAIN_MS - 1000)
    pass(rig.dispatcher, 900)
    run(rig.dispatcher, () => client.encoder?.resumeRead())
    expect(client.receivedBytes).toBe(body.length)
  })
})

describe('route configurations by name', () => {
  const listeners = [
    internal(chain('a', http({ rds: 'r' })), chain('t', tcp('none'), { filter_chain_match: { server_names: ['x'] } })),
  ]

  test('a change reaches the connections that are open, and leaves chains without routes alone', async () => {
    const rig = new Rig()
    await rig.apply({ listeners, routes: [router('one')] })
    const open = rig.connect()
    expect(rig.request(open)).toBe('one')
    const before = rig.dataPlane.openConnections
    await rig.apply({ listeners, routes: [router('two')] })
    expect(rig.request(open)).toBe('two')
    expect(open.events.text).not.toContain('connection: close')
    expect(rig.dataPlane.openConnections).toBe(before)
  })
})

describe('clusters', () => {
  const listeners = [internal(chain('a', http()))]

  test('come, change and go; one that is refused leaves the last good one in place', async () => {
    const rig = new Rig()
    await rig.apply({ listeners, clusters: [staticCluster('c', 1, 2)] })
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:1', '127.0.0.1:2'])
    await rig.apply({ listeners, clusters: [staticCluster('c', 3)] })
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:3'])
    const bad = {
      name: 'c',
      type: 'STATIC',
      load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [{}] }] },
    }
    expect(await rig.apply({ listeners, clusters: [bad] })).toContain('cluster c')
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:3'])
    await rig.apply({ listeners })
    expect(rig.dataPlane.deps.clusters.get('c')).toBeUndefined()
  })

  test('endpoints change without the cluster, and are there for a cluster that is replaced', async () => {
    const rig = new Rig()
    const eds = (more: JsonObject = {}): JsonObject => {
      return { name: 'c', type: 'EDS', eds_cluster_config: { service_name: 's', eds_config: { ads: {} } }, ...more }
    }
    await rig.apply({ clusters: [eds()], endpoints: [assignment('s', 1, 2)] })
    const cluster = rig.dataPlane.deps.clusters.get('c')
    const [kept, gone] = cluster?.hosts ?? []
    await rig.apply({ clusters: [eds()], endpoints: [assignment('s', 1, 3)] })
    expect(rig.dataPlane.deps.clusters.get('c')).toBe(cluster)
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:1', '127.0.0.1:3'])
    expect([...(cluster?.hosts ?? [])]).toContain(kept)
    expect(gone?.isRemoved).toBe(true)
    await rig.apply({ clusters: [eds({ connect_timeout: '3s' })], endpoints: [assignment('s', 1, 3)] })
    expect(rig.dataPlane.deps.clusters.get('c')).not.toBe(cluster)
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:1', '127.0.0.1:3'])
  })

  test('pools that are asked for on a replaced cluster end with their last stream', async () => {
    const rig = new Rig()
    await rig.apply({ listeners, clusters: [staticCluster('c', 1)] })
    const old = rig.dataPlane.deps.clusters.get('c')
    const host = old?.chooseHost({} as LoadBalancerContext)
    if (old === undefined || host === undefined) throw new Error('no host')
    await rig.apply({ listeners, clusters: [staticCluster('c', 2)] })
    expect(host.isRemoved).toBe(true)
    expect(old.chooseHost({} as LoadBalancerContext)).toBe(host)
    expect(old.httpPool(host, false, [])).toMatchObject({ draining: true })
  })

  test('one found by DNS serves with its old hosts until the new names are resolved', async () => {
    const rig = new Rig()
    const named = (name: string): JsonObject => {
      const address = { socket_address: { address: name, port_value: 80 } }
      return {
        name: 'c',
        type: 'STRICT_DNS',
        load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
      }
    }
    await rig.apply({ clusters: [named('one.test')] })
    expect(rig.hostsOf('c')).toEqual(['10.0.0.1:80'])
    let answer: (ips: string[]) => void = () => undefined
    rig.resolve = () => new Promise((resolve) => (answer = resolve))
    const applied = rig.apply({ clusters: [named('two.test')] })
    await Promise.resolve()
    expect(rig.hostsOf('c')).toEqual(['10.0.0.1:80'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(rig.hostsOf('c')).toEqual(['10.0.0.1:80'])
    answer(['10.0.0.2'])
    await applied
    expect(rig.hostsOf('c')).toEqual(['10.0.0.2:80'])
  })
})

describe('secrets', () => {
  const cluster = (): JsonObject => ({ ...staticCluster('c', 1), ...tlsSocket('Upstream', 'default') })

  test('that rotate swap the contexts of clusters and chains, and touch no connection', async () => {
    const rig = new Rig()
    const listeners = [internal(chain('a', http(), tlsSocket('Downstream', 'default')))]
    const clusters = [cluster()]
    await rig.apply({ listeners, clusters, secrets: [secret('default', identity)] })
    const open = rig.connect()
    rig.request(open)
    const { tls } = rig.dataPlane.deps.clusters.get('c')?.config.transport ?? {}
    const before = tls?.secureContext
    await rig.apply({ listeners, clusters, secrets: [secret('default', renewed)] })
    expect(tls?.secureContext).not.toBe(before)
    expect(tls?.secrets?.certificate?.certificateChain).toBe(renewed.chainPem)
    expect(rig.dataPlane.deps.clusters.get('c')?.config.transport.tls).toBe(tls)
    expect(rig.request(open)).toBe('one')
    expect(open.events.text).not.toContain('connection: close')
  })

  test('that cannot be used are refused, and the last good ones stay', async () => {
    const rig = new Rig()
    await rig.apply({ clusters: [cluster()], secrets: [secret('default', identity)] })
    const mixed = { chainPem: renewed.chainPem, keyPem: identity.keyPem }
    expect(await rig.apply({ clusters: [cluster()], secrets: [secret('default', mixed)] })).toContain('secret default')
    const { tls } = rig.dataPlane.deps.clusters.get('c')?.config.transport ?? {}
    expect(tls?.secrets?.certificate?.certificateChain).toBe(identity.chainPem)
    expect(rig.dataPlane.deps.secrets.certificate('default')?.privateKey).toBe(identity.keyPem)
  })

  test('that come after the cluster that names them make it usable', async () => {
    const rig = new Rig()
    expect(await rig.apply({ clusters: [cluster()] })).toBe('')
    const { tls } = rig.dataPlane.deps.clusters.get('c')?.config.transport ?? {}
    expect(tls?.secureContext).toBeUndefined()
    await rig.apply({ clusters: [cluster()], secrets: [secret('default', identity)] })
    expect(tls?.secureContext).toBeDefined()
  })

  test('have no more listeners than there are contexts, after any number of changes', async () => {
    const rig = new Rig()
    const secrets = [secret('default', identity)]
    for (let i = 0; i < 20; i++) {
      const listener = internal(chain('a', http({ answer: `${i}` }), tlsSocket('Downstream', 'default')))
      const clusters = [{ ...cluster(), connect_timeout: `${i + 1}s` }]
      await rig.apply({ secrets, listeners: [listener], clusters })
      expect(rig.dataPlane.deps.secrets.listenerCount).toBe(2)
    }
    await rig.apply({ secrets })
    expect(rig.dataPlane.deps.secrets.listenerCount).toBe(0)
  })
})

describe('a patch', () => {
  test('waits for the one before it', async () => {
    const rig = new Rig()
    const first = snapshotOf({ clusters: [staticCluster('c', 1)] })
    const second = snapshotOf({ clusters: [staticCluster('c', 2)] })
    await Promise.all([
      rig.dataPlane.apply(diffSnapshots(emptySnapshot, first)),
      rig.dataPlane.apply(diffSnapshots(first, second)),
    ])
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:2'])
  })

  test('with bytes that are not what they should be is a problem, and the rest of it is applied', async () => {
    const rig = new Rig()
    const good = diffSnapshots(emptySnapshot, snapshotOf({ clusters: [staticCluster('b', 1), staticCluster('c', 2)] }))
    const operations = good.operations.map((operation) =>
      operation.op === 'set' && operation.entry.name === 'b'
        ? { ...operation, entry: { ...operation.entry, bytes: Buffer.from('0aff', 'hex') } }
        : operation,
    )
    const problems = await rig.dataPlane.apply({ ...good, operations })
    expect(problems.text()).toContain('cluster b: cannot be built')
    expect(rig.hostsOf('c')).toEqual(['127.0.0.1:2'])
  })
})
