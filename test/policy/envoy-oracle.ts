// Asks an unmodified Envoy. Every policy is the RBAC configuration of a virtual host of its own; identity and claims come in
// headers, and filters before RBAC put them where a tunnel and a token would. What Envoy decided is the body of its answer.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, fromJson, toBinary } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { typed } from '../differential/envoy-json.ts'
import { findEnvoyBinary } from '../support/envoy-binary.ts'
import { parseMessages } from '../support/http1-messages.ts'
import { freePort, ProxyProcess } from '../support/proxy-process.ts'
import { NOT_TOLD, type Answer, type RbacConfig } from './compare.ts'
import { connections, type PolicyConnection, type PolicyRequest } from './random-request.ts'

const RBAC = 'envoy.filters.http.rbac'
const told = (key: string) => `%DYNAMIC_METADATA(${RBAC}:${key})%`
const ANSWER = ['%RESPONSE_CODE_DETAILS%', ...['enforced_effective_policy_id', 'dry_shadow_engine_result', 'dry_shadow_effective_policy_id'].map(told)].join('|') // prettier-ignore

export class EnvoyOracle {
  private readonly process: ProxyProcess
  private readonly folder: string
  private readonly ports: readonly number[]

  private constructor(process: ProxyProcess, folder: string, ports: readonly number[]) {
    this.process = process
    this.folder = folder
    this.ports = ports
  }

  /** Two ports to listen on, from below those that the system gives to clients and so may give away in the meantime. */
  static async freePorts(): Promise<readonly number[]> {
    const ports: number[] = []
    for (let port = 21_000 + (process.pid % 4_000) * 2; ports.length < 2; port++)
      if (await isFree(port)) ports.push(port)
    return ports
  }

  /** Rejects with Envoy's own words if it refuses a policy. */
  static async start(configs: readonly RbacConfig[], ports: readonly number[]): Promise<EnvoyOracle> {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-policy-'))
    const admin = { host: '127.0.0.1', port: await freePort() }
    const file = join(folder, 'envoy.json')
    writeFileSync(file, JSON.stringify(bootstrap(configs, ports, admin)))
    try {
      const args = ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error']
      const command = { program: findEnvoyBinary(), args, admin, logFile: join(folder, 'envoy.log') }
      return new EnvoyOracle(await ProxyProcess.start(command), folder, ports)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** In the order of the requests. One after the other on each connection: Envoy stalls on direct responses in a pipeline. */
  async ask(requests: readonly PolicyRequest[]): Promise<Answer[]> {
    const answers: Answer[] = []
    await Promise.all(
      connections.map(async (connection) => {
        const client = await OracleClient.open(connection, this.ports)
        for (const [index, request] of requests.entries()) {
          if (request.connection === connection) answers[index] = await client.exchange(request)
        }
        client.close()
      }),
    )
    return answers
  }

  async stop(): Promise<void> {
    await this.process.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Metadata of the only route of a policy's virtual host. */
export function routeMetadata(policy: number): { team: string; level: number } {
  return { team: policy % 2 === 0 ? 'blue' : 'red', level: policy % 3 }
}

/** One keep-alive connection. */
class OracleClient {
  private readonly socket: Socket
  private received: Buffer = Buffer.alloc(0)
  private arrived: () => void = () => {}
  private failure: Error | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk])
      this.arrived()
    })
    const fail = (reason: string) => {
      this.failure = new Error(reason)
      this.arrived()
    }
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('Envoy closed the connection'))
  }

  static open({ source, destination, port }: PolicyConnection, ports: readonly number[]): Promise<OracleClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: destination, port: ports[port], localAddress: source, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new OracleClient(socket)))
    })
  }

  async exchange(request: PolicyRequest): Promise<Answer> {
    this.received = Buffer.alloc(0)
    this.socket.write(wireText(request))
    for (;;) {
      const [message] = parseMessages(this.received, [request.method], false).messages
      if (message?.complete) return answerOf(message.line, message.body.toString('latin1'))
      if (this.failure !== undefined) throw this.failure
      await new Promise<void>((resolve) => (this.arrived = resolve))
    }
  }

  close(): void {
    this.socket.removeAllListeners('close')
    this.socket.destroy()
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)))
  })
}

function wireText(request: PolicyRequest): string {
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `host: ${request.authority}`, 'content-length: 0']
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`)
  if (request.principal !== undefined) lines.push(`x-principal: ${request.principal}`)
  if (request.claims !== undefined) {
    const value = create(ValueSchema, fromJson(ValueSchema, request.claims))
    lines.push(`x-claims: ${Buffer.from(toBinary(ValueSchema, value)).toString('base64')}`)
  }
  if (request.forwardedFor.length > 0) lines.push(`x-forwarded-for: ${request.forwardedFor.join(', ')}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

function answerOf(line: string, body: string): Answer {
  const status = line.split(' ')[1]
  const [details, policy, shadowResult, shadowPolicy] = body.split('|')
  if (status !== '200' && status !== '403') throw new Error(`Envoy answered ${line}: ${body}`)
  if (status === '403') return { ...NOT_TOLD, allowed: false, details }
  return { allowed: true, details: '', policy, shadowResult, shadowPolicy }
}

function bootstrap(configs: readonly RbacConfig[], ports: readonly number[], admin: { host: string; port: number }) {
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'policy',
    use_remote_address: false,
    normalize_path: false,
    merge_slashes: false,
    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
    stream_idle_timeout: '0s',
    local_reply_config: { body_format: { text_format_source: { inline_string: ANSWER } } },
    http_filters: filters(),
    route_config: { name: 'policies', virtual_hosts: configs.map(virtualHost) },
  })
  const chain = { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }
  return {
    admin: { address: { socket_address: { address: admin.host, port_value: admin.port } } },
    static_resources: {
      listeners: ports.map((port) => ({
        name: String(port),
        address: { socket_address: { address: '0.0.0.0', port_value: port } },
        filter_chains: [chain],
      })),
    },
  }
}

function filters() {
  const principal = {
    object_key: 'io.istio.peer_principal',
    factory_key: 'envoy.string',
    format_string: { text_format_source: { inline_string: '%REQ(X-PRINCIPAL)%' }, omit_empty_values: true },
    skip_if_empty: true,
  }
  const claims = {
    header: 'x-claims',
    on_header_present: {
      metadata_namespace: 'envoy.filters.http.jwt_authn',
      key: 'payload',
      type: 'PROTOBUF_VALUE',
      encode: 'BASE64',
    },
  }
  const filter = (name: string, type: string, config = {}) => ({ name, typed_config: typed(type, config) })
  return [
    filter('principal', 'envoy.extensions.filters.http.set_filter_state.v3.Config', {
      on_request_headers: [principal],
    }),
    filter('claims', 'envoy.extensions.filters.http.header_to_metadata.v3.Config', { request_rules: [claims] }),
    filter(RBAC, 'envoy.extensions.filters.http.rbac.v3.RBAC'),
    filter('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
  ]
}

function virtualHost(config: RbacConfig, policy: number) {
  return {
    name: `p${policy}`,
    domains: [`*.p${policy}.test`],
    typed_per_filter_config: {
      [RBAC]: typed('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', { rbac: config }),
    },
    routes: [
      {
        match: { prefix: '/' },
        metadata: { filter_metadata: { app: routeMetadata(policy) } },
        direct_response: { status: 200 },
      },
    ],
  }
}
