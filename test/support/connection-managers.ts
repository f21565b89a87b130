// An HTTP connection manager on a connection in memory, for tests of what it does to messages: a client that writes text, and a
// filter that writes down the requests it sees.

import { create, fromJson, type JsonObject } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import type { RequestHeaderMap } from '../../src/codec/header-map.ts'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { ConfigSchema as SetFilterStateSchema } from '../../src/envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js'
import { RouterSchema } from '../../src/envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js'
import {
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from '../../src/envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { Problems } from '../../src/lib/problems.ts'
import { seededRandom } from '../../src/lib/random.ts'
import { HTTP_FILTERS } from '../../src/proxy/build/extensions.ts'
import { ClusterSet } from '../../src/proxy/cluster/cluster-set.ts'
import { DrainGroup } from '../../src/proxy/connection/drain-group.ts'
import { InternalConnection } from '../../src/proxy/connection/internal-connection.ts'
import { AsyncClient } from '../../src/proxy/http/async-client.ts'
import { compileHttpConnectionManager } from '../../src/proxy/http/compile-connection-manager.ts'
import { ConnectionManager } from '../../src/proxy/http/connection-manager.ts'
import type { Exchange } from '../../src/proxy/http/exchange.ts'
import { CONTINUE, STOP } from '../../src/proxy/http/filter.ts'
import type { HttpFilterFactory } from '../../src/proxy/http/filter.ts'
import { compileAccessLogFilter } from '../../src/proxy/observe/access-log-filter.ts'
import { socketAddress } from '../../src/proxy/stream/address.ts'
import { newConnectionFacts } from '../../src/proxy/stream/new-connection-facts.ts'
import type { StatsStore } from '../../src/proxy/stream/stats.ts'
import type { StreamInfo } from '../../src/proxy/stream/stream-info.ts'
import { EventRecorder, NO_STATS, pass, run, testDispatcher } from './connections.ts'

export interface ManagerOptions {
  /** The routes of the one virtual host; by default everything is answered with an empty 200. */
  readonly routes?: readonly JsonObject[]
  readonly virtualHost?: JsonObject
  /** In front of the recorder, in this order: `typed_config` by name. */
  readonly filters?: Readonly<Record<string, JsonObject>>
  readonly stats?: StatsStore
  /** Merged over the connection manager. */
  readonly hcm?: JsonObject
  readonly router?: JsonObject
  /** `IP:port` of both ends. */
  readonly local?: readonly [ip: string, port: number]
  readonly remote?: readonly [ip: string, port: number]
  /** Answers in the router's place, as a filter may. */
  readonly answer?: (exchange: Exchange) => void
}

export const OK_ROUTE: JsonObject = { match: { prefix: '/' }, directResponse: { status: 200 } }

const LOCAL_INFO = { nodeId: 'node', clusterName: 'cluster', address: '192.0.2.1' }

export class ManagedConnection {
  /** Requests as the filters see them: method, authority and path, then `name: value` lines. */
  readonly requests: (readonly string[])[] = []
  readonly logged: StreamInfo[] = []
  private readonly dispatcher = testDispatcher()
  private readonly client: InternalConnection
  private readonly received: EventRecorder

  constructor(options: ManagerOptions = {}) {
    const { dispatcher } = this
    const clusters = new ClusterSet()
    const message = fromJson(
      HttpConnectionManagerSchema,
      {
        statPrefix: 'test',
        routeConfig: {
          virtualHosts: [
            { name: 'host', domains: ['*'], routes: [...(options.routes ?? [OK_ROUTE])], ...options.virtualHost },
          ],
        },
        httpFilters: Object.entries(options.filters ?? {}).map(([name, typedConfig]) => ({ name, typedConfig })),
        ...options.hcm,
      },
      { registry },
    )
    const carrier = anyPack(SetFilterStateSchema, create(SetFilterStateSchema))
    const router = anyPack(RouterSchema, fromJson(RouterSchema, options.router ?? {}))
    for (const [name, value] of Object.entries({ recorder: carrier, router })) {
      message.httpFilters.push(create(HttpFilterSchema, { name, configType: { case: 'typedConfig', value } }))
    }
    const problems = new Problems('hcm')
    const config = compileHttpConnectionManager(
      message,
      {
        filters: [this.recorder(options.answer), ...HTTP_FILTERS],
        stats: options.stats ?? NO_STATS,
        random: seededRandom(1),
        asyncClient: new AsyncClient(clusters, dispatcher, LOCAL_INFO),
        formats: { hostname: 'h', variables: {}, nowMs: () => 0 },
        http2: { defer: () => undefined, receiveBudget: { tryGrow: () => true, release: () => undefined } },
        localInfo: LOCAL_INFO,
        rejectPathWithFragment: true,
        bufferLimitBytes: 1 << 20,
        compileAccessLoggers: () => [{ log: (info: StreamInfo) => void this.logged.push(info) }],
        compileAccessLogFilter: (filter, at) => compileAccessLogFilter(filter, seededRandom(1), at),
        routeConfig: () => undefined,
      },
      problems,
    )
    if (problems.list.length > 0) throw new Error(problems.list.map((one) => `${one.path}: ${one.message}`).join('\n'))
    const end = (
      of: readonly [string, number],
      peer: readonly [string, number],
    ): ReturnType<typeof newConnectionFacts> =>
      newConnectionFacts({ local: socketAddress(...of), remote: socketAddress(...peer) })
    const local = options.local ?? ['10.0.0.1', 80]
    const remote = options.remote ?? ['10.0.0.2', 4000]
    const [client, server] = InternalConnection.pair(dispatcher, end(remote, local), end(local, remote), 1 << 20)
    this.client = client
    this.received = EventRecorder.on(client)
    const surroundings = { dispatcher, clusters, random: seededRandom(1) }
    run(dispatcher, () =>
      new ConnectionManager(server, { current: config }, surroundings, new DrainGroup(dispatcher)).start(),
    )
  }

  /** Writes a request and returns what came back: text, without `date` lines, and `<end>` when the connection ended. */
  send(text: string): string {
    const before = this.received.text.length
    run(this.dispatcher, () => this.client.write(Buffer.from(text, 'latin1')))
    return this.received.text.slice(before).replace(/date: [^\r]*\r\n/g, '')
  }

  /** Lets time pass and returns what came back meanwhile. */
  wait(durationMs: number): string {
    const before = this.received.text.length
    pass(this.dispatcher, durationMs)
    return this.received.text.slice(before).replace(/date: [^\r]*\r\n/g, '')
  }

  /** A GET with these header lines. */
  get(path = '/', ...lines: readonly string[]): string {
    return this.send(`GET ${path} HTTP/1.1\r\nhost: a.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`)
  }

  private recorder(answer: ManagerOptions['answer']): HttpFilterFactory {
    return {
      name: 'recorder',
      config: SetFilterStateSchema,
      compile: () => ({
        runtime: undefined,
        onRequest: (exchange: Exchange, headers: RequestHeaderMap) => {
          this.requests.push(linesOf(headers))
          if (answer === undefined) return CONTINUE
          answer(exchange)
          return STOP
        },
      }),
    }
  }
}

function linesOf(headers: RequestHeaderMap): string[] {
  const lines = [`${headers.method} ${headers.authority} ${headers.path}`]
  for (let i = 0; i < headers.fields.length; i += 2) lines.push(`${headers.fields[i]}: ${headers.fields[i + 1]}`)
  return lines
}
