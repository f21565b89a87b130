// A data plane of this process with one HTTP listener on loopback: for tests of filters that talk to real servers.

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { fromJson, type JsonObject } from '@bufbuild/protobuf'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { ClusterSchema } from '../../src/envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ListenerSchema } from '../../src/envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { SnapshotBuilder } from '../../src/envoy/snapshot-builder.ts'
import { emptySnapshot, diffSnapshots } from '../../src/envoy/snapshot.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { DataPlane } from '../../src/proxy/build/data-plane.ts'
import { Dispatcher } from '../../src/proxy/connection/dispatcher.ts'
import { NOBODY } from '../../src/proxy/http/local-info.ts'
import { CountingStats } from './counting-stats.ts'

const TYPES = 'type.googleapis.com/envoy'

export interface HttpListenerOptions {
  /** `typed_config` by name, in front of the router. */
  readonly filters: Readonly<Record<string, JsonObject>>
  /** Ports on loopback by the name of the cluster; those in `http2` speak HTTP/2. */
  readonly clusters: Readonly<Record<string, number>>
  readonly http2?: readonly string[]
  readonly routes: readonly JsonObject[]
}

export interface ReceivedResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export class RunningDataPlane {
  readonly stats: CountingStats
  private readonly dataPlane: DataPlane
  private readonly dispatcher: Dispatcher
  private port = 0

  private constructor(dataPlane: DataPlane, dispatcher: Dispatcher, stats: CountingStats) {
    this.dataPlane = dataPlane
    this.dispatcher = dispatcher
    this.stats = stats
  }

  static async start(options: HttpListenerOptions): Promise<RunningDataPlane> {
    const stats = new CountingStats()
    const dispatcher = new Dispatcher((error) => {
      throw error
    })
    const dataPlane = new DataPlane({
      dispatcher,
      stats,
      random: seededRandom(1),
      receiveBudget: { tryGrow: () => true, release: () => undefined },
      formats: { hostname: 'host', variables: {}, nowMs: Date.now },
      localInfo: NOBODY,
      resolveHost: () => Promise.resolve([]),
      listen: { reusePort: false, binds: true },
      accessLogSink: () => ({ write: () => true }),
      drainTimeMs: 0,
      rejectPathWithFragment: true,
    })
    const running = new RunningDataPlane(dataPlane, dispatcher, stats)
    const builder = new SnapshotBuilder()
    for (const [name, port] of Object.entries(options.clusters)) {
      const json = clusterOf(name, port, options.http2?.includes(name) ?? false)
      builder.addMessage(ClusterSchema, fromJson(ClusterSchema, json, { registry }))
    }
    builder.addMessage(ListenerSchema, fromJson(ListenerSchema, listenerOf(options), { registry }))
    const { list } = await dataPlane.apply(diffSnapshots(emptySnapshot, builder.build('1')))
    if (list.length > 0) {
      running.stop()
      throw new Error(list.map((one) => `${one.path}: ${one.message}`).join('\n'))
    }
    running.port = dataPlane.sockets.ports.get('http')![0].port
    return running
  }

  /** One request on a connection of its own. */
  send(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<ReceivedResponse> {
    const { method = 'GET', headers = {}, body = '' } = options
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: this.port, path, method, headers, agent: false })
      request.on('error', reject).on('response', (response) => {
        const chunks: Buffer[] = []
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          )
      })
      request.end(body)
    })
  }

  /** The client goes away when `path` was asked for and `when` has settled. */
  async abandon(path: string, when: Promise<unknown>): Promise<void> {
    const request = httpRequest({ host: '127.0.0.1', port: this.port, path, agent: false })
    request.on('error', () => undefined)
    request.end()
    await when
    // A half-close would only say that nothing more is asked.
    request.socket?.resetAndDestroy()
  }

  stop(): void {
    this.dataPlane.sockets.remove('http')
    this.dataPlane.drain(0)
    this.dataPlane.closePools()
    this.dispatcher.stop()
  }
}

function clusterOf(name: string, port: number, isHttp2: boolean): JsonObject {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  return {
    name,
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(isHttp2 ? { http2_protocol_options: {} } : {}),
  }
}

function listenerOf({ filters, routes }: HttpListenerOptions): JsonObject {
  const router = { '@type': `${TYPES}.extensions.filters.http.router.v3.Router` }
  const hcm = {
    '@type': `${TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    http_filters: Object.entries({ ...filters, router }).map(([name, config]) => ({ name, typed_config: config })),
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...routes] }] },
  }
  return {
    name: 'http',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ name: 'http', filters: [{ name: 'hcm', typed_config: hcm }] }],
  }
}
