// Asks Cairn's engine in this process, about a stream with the facts that a connection manager would have found.

import { fromJson } from '@bufbuild/protobuf'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { RBACSchema } from '../../src/envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import { Problems } from '../../src/lib/problems.ts'
import { toWireText } from '../../src/lib/wire-text.ts'
import { compileEngines, decide, type RbacEngines } from '../../src/proxy/policy/rbac/engines.ts'
import { socketAddress } from '../../src/proxy/stream/address.ts'
import type { StreamInfo } from '../../src/proxy/stream/stream-info.ts'
import { CountingStats } from '../support/counting-stats.ts'
import { testConnection, testRequest } from '../support/streams.ts'
import { NOT_TOLD, type Answer, type RbacConfig } from './compare.ts'
import { routeMetadata } from './envoy-oracle.ts'
import type { PolicyRequest } from './random-request.ts'

export class EngineOracle {
  private readonly engines: readonly RbacEngines[]
  private readonly ports: readonly number[]

  /** Throws on rules that Cairn refuses. */
  constructor(configs: readonly RbacConfig[], ports: readonly number[]) {
    this.ports = ports
    this.engines = configs.map((config) => {
      const problems = new Problems('rbac')
      const names = { store: new CountingStats(), prefix: '', rulesPrefix: '' }
      const engines = compileEngines(fromJson(RBACSchema, config, { registry }), 'http', names, problems)
      if (problems.list.length > 0) throw new Error(`${problems.text()}\n${JSON.stringify(config)}`)
      return engines
    })
  }

  ask(policy: number, request: PolicyRequest): Answer {
    const info = streamOf(request, policy, this.ports)
    const verdict = decide(this.engines[policy], info)
    const told = info.dynamicMetadata.get('envoy.filters.http.rbac') ?? {}
    if (verdict !== undefined && !verdict.allowed) return { ...NOT_TOLD, allowed: false, details: verdict.details }
    return {
      allowed: true,
      details: '',
      policy: text(told['enforced_effective_policy_id']),
      shadowResult: text(told['dry_shadow_engine_result']),
      shadowPolicy: text(told['dry_shadow_effective_policy_id']),
    }
  }
}

function streamOf(request: PolicyRequest, policy: number, ports: readonly number[]): StreamInfo {
  const { source, destination, port } = request.connection
  const { method, authority, path } = request
  const headers = request.headers.map(([name, value]) => [name, toWireText(value)] as const)
  const connection = testConnection(`${destination}:${ports[port]}`, `${source}:4000`)
  const info = testRequest({ method, authority, path, headers }, connection)
  const forwarded = request.forwardedFor.at(-1)
  info.downstreamRemoteAddress = forwarded === undefined ? connection.remoteAddress : socketAddress(forwarded, 0)
  if (request.principal !== undefined) {
    const entry = { key: 'io.istio.peer_principal', value: request.principal }
    info.filterState.set({ ...entry, lifeSpan: 'request', sharing: 'none', readOnly: true })
  }
  if (request.claims !== undefined) {
    info.dynamicMetadata.merge('envoy.filters.http.jwt_authn', { payload: request.claims })
  }
  info.route = { name: '', metadata: new Map([['app', routeMetadata(policy)]]) }
  return info
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '-'
}
