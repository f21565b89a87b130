// Micro-benchmarks of what runs once per request: route lookup, the access-log line, an RBAC decision. Run by hand:
// node test/bench/matching.ts

import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { RBACSchema } from '../../src/envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { RouteMatchSchema } from '../../src/envoy/generated/envoy/config/route/v3/route_components_pb.js'
import { Problems } from '../../src/lib/problems.ts'
import { compileFormat } from '../../src/proxy/format/compile-format.ts'
import { compileRouteMatch } from '../../src/proxy/matching/route-match.ts'
import { RouteTable } from '../../src/proxy/matching/route-table.ts'
import { compileRbac } from '../../src/proxy/policy/rbac/compile-rbac.ts'
import { socketAddress } from '../../src/proxy/stream/address.ts'
import { UpstreamInfo } from '../../src/proxy/stream/upstream-info.ts'
import { testConnection, testRequest, testResponse } from '../support/streams.ts'

const ROUNDS = 7
const MIN_MS = 200

/** Prints the median of several rounds, in nanoseconds per call. */
function measure(name: string, run: (i: number) => unknown): void {
  let sink = 0
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let calls = 0
    const start = performance.now()
    let elapsed = 0
    while (elapsed < MIN_MS) {
      for (let i = 0; i < 1000; i++) if (run(calls + i) !== undefined) sink++
      calls += 1000
      elapsed = performance.now() - start
    }
    rounds.push((elapsed * 1e6) / calls)
  }
  rounds.sort((a, b) => a - b)
  console.log(`${name.padEnd(58)} ${rounds[ROUNDS >> 1].toFixed(0).padStart(6)} ns${sink < 0 ? ' ' : ''}`)
}

function routes(count: number): RouteTable<number> {
  const matches = Array.from({ length: count - 1 }, (_, i): JsonObject =>
    i % 2 === 0
      ? { pathSeparatedPrefix: `/service-${i}/v1` }
      : { path: `/service-${i}/exact`, headers: [{ name: ':method', stringMatch: { exact: 'GET' } }] },
  )
  const problems = new Problems()
  return new RouteTable(
    [...matches, { prefix: '/' }].map((json, value) => ({
      predicate: compileRouteMatch(fromJson(RouteMatchSchema, json, { registry }), problems),
      value,
      name: String(value),
    })),
  )
}

for (const count of [10, 5000]) {
  const table = routes(count)
  // The same number of distinct requests for both, spread over the table.
  const requests = Array.from({ length: 8 }, (_, i) => {
    const at = Math.floor(((i + 0.5) * (count - 1)) / 8)
    return testRequest({ path: at % 2 === 0 ? `/service-${at}/v1/users/42?q=1` : `/service-${at}/exact` })
  })
  const other = testRequest({ path: '/index.html' })
  measure(`route lookup, ${count} routes, a route of the table`, (i) => table.find(requests[i & 7], 0))
  measure(`route lookup, ${count} routes, the last route`, () => table.find(other, 0))
}

const info = testRequest({
  path: '/service/v1/users/42?q=1',
  headers: [
    ['user-agent', 'curl/8.4.0'],
    ['x-request-id', '7f4b2c1e-9a57-4a6e-8d5c-0a1b2c3d4e5f'],
    ['accept', '*/*'],
  ],
})
testResponse(info, 200, ['content-type', 'text/plain', 'x-envoy-upstream-service-time', '3'])
info.responseCodeDetails = 'via_upstream'
info.bytesSent = 1024
info.requestCompleteMs = 1004.2
info.cluster = { name: 'inbound-vip|80|http|a.ns.svc.cluster.local', observabilityName: 'a', metadata: new Map() }
info.route = { name: 'default', metadata: new Map() }
info.upstream = new UpstreamInfo()
info.upstream.host = { address: socketAddress('10.2.0.3', 80), hostname: '', metadata: new Map() }
info.upstream.localAddress = socketAddress('10.0.0.9', 50000)

const ISTIO_LINE =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'
const line = compileFormat(ISTIO_LINE, { hostname: 'h', variables: {}, nowMs: Date.now }, new Problems())
const buffer = Buffer.alloc(4096)
measure("Istio's default log line, written to a buffer", () => buffer.write(line(info), 0, 'latin1'))

const connection = testConnection()
const principal = { key: 'io.istio.peer_principal', value: 'spiffe://cluster.local/ns/default/sa/client' }
connection.filterState.set({ ...principal, lifeSpan: 'connection', sharing: 'once', readOnly: true })
const request = testRequest({ path: '/service/v1' }, connection)
for (const [name, matcher] of [
  ['exact', { exact: principal.value }],
  ['regex', { safeRegex: { regex: 'spiffe://.+/ns/default/(.+/|)sa/client(/.+)?' } }],
] as const) {
  const rules: JsonObject = {
    policies: {
      'ns[default]-policy[p]-rule[0]': {
        permissions: [
          {
            andRules: {
              rules: [
                { orRules: { rules: [{ header: { name: ':method', stringMatch: { exact: 'GET' } } }] } },
                { orRules: { rules: [{ urlPath: { path: { prefix: '/service' } } }] } },
              ],
            },
          },
        ],
        principals: [
          { andIds: { ids: [{ orIds: { ids: [{ filterState: { key: principal.key, stringMatch: matcher } }] } }] } },
        ],
      },
    },
  }
  const engine = compileRbac(fromJson(RBACSchema, rules, { registry }), 'http', new Problems())
  if (!engine.decide(request).allowed) throw new Error('the policy must match')
  measure(`RBAC decision, one policy, ${name} principal`, () => engine.decide(request))
}
