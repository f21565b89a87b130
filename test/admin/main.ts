// Records what the real Envoy's admin interface answers: `node test/admin/main.ts`. The result, recordings.json, is committed;
// recorded.test.ts holds our answers against it, so that the tests need no Envoy.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MeshAuthority, writeIdentity } from '../support/certificates.ts'
import { findEnvoyBinary } from '../support/envoy-binary.ts'
import { freePort } from '../support/proxy-process.ts'
import type { Recording } from './recording.ts'

/** In this order: some change what later ones say. */
const REQUESTS = [
  'GET /ready',
  'POST /ready',
  'GET /listeners',
  'GET /listeners?format=json',
  'GET /listeners?format=other',
  'GET /clusters',
  'GET /clusters?format=json',
  'GET /clusters?filter=^i',
  'GET /clusters?filter=(',
  'GET /clusters?filter=none&format=json',
  'GET /certs',
  'GET /server_info',
  'GET /hot_restart_version',
  'GET /config_dump',
  'GET /config_dump?include_eds',
  'GET /config_dump?resource=static_clusters&mask=cluster.name',
  'GET /config_dump?resource=static_clusters&mask=cluster.load_assignment.endpoints,last_updated',
  'GET /config_dump?resource=static_clusters&name_regex=c&mask=cluster.name,cluster.connect_timeout',
  'GET /config_dump?resource=static_clusters&name_regex=none',
  'GET /config_dump?resource=static_clusters&name_regex=(',
  'GET /config_dump?resource=static_clusters&name_regex=a[',
  'GET /config_dump?resource=static_listeners',
  'GET /config_dump?resource=static_route_configs',
  'GET /config_dump?resource=static_secrets',
  'GET /config_dump?resource=dynamic_listeners',
  'GET /config_dump?resource=static_endpoint_configs',
  'GET /config_dump?include_eds&resource=static_endpoint_configs&name_regex=i',
  'GET /config_dump?resource=version_info',
  'GET /config_dump?resource=bootstrap',
  'GET /config_dump?resource=nothing',
  'GET /config_dump?mask=nothing',
  'GET /config_dump?mask=bootstrap.node.id',
  'GET /config_dump?mask=bootstrap.node.id,bootstrap.layered_runtime.layers',
  'GET /config_dump?mask=static_clusters',
  'GET /config_dump?mask=static_clusters.cluster',
  'GET /config_dump?mask=static_listeners,bootstrap',
  'GET /config_dump?mask=version_info',
  'GET /config_dump?name_regex=rc1&mask=static_route_configs',
  'GET /config_dump?resource=static_clusters&mask=cluster',
  'GET /config_dump?resource=static_clusters&mask=nothing,cluster.name',
  'GET /config_dump?resource=static_clusters&mask=cluster.load_assignment.endpoints.locality',
  'GET /runtime',
  'GET /runtime_modify?foo=baz',
  'POST /runtime_modify',
  'POST /runtime_modify?foo=baz&n=2',
  'GET /runtime',
  'GET /stats?filter=(',
  'GET /stats?filter=a**',
  'GET /stats?type=gauges',
  'GET /stats?hidden=other',
  'GET /stats?filter=no_such_statistic',
  'GET /stats?filter=no_such_statistic&format=json',
  'GET /stats?filter=no_such_statistic&format=prometheus',
  'GET /stats?filter=^server.live$',
  'GET /stats?filter=^server.l+ive$&format=json&type=Gauges',
  'GET /stats?filter=^server.live$&type=Counters',
  'GET /stats?filter=server%2Elive&usedonly',
  'GET /stats?filter=^server.live$&hidden=only',
  'GET /stats/prometheus?filter=^server.live$',
  'GET /stats/prometheus?histogram_buckets=disjoint',
  'GET /logging',
  'POST /reset_counters',
  'PUT /reset_counters',
  'GET /quitquitquit',
  'POST /reopen_logs',
  'POST /healthcheck/fail',
  'GET /ready',
  'POST /healthcheck/ok',
  'GET /ready',
  'GET /drain_listeners',
  'POST /drain_listeners?skip_exit',
  'POST /drain_listeners?graceful&inboundonly',
  'POST /quitquitquit',
]

const folder = mkdtempSync(join(tmpdir(), 'record-admin-'))
const port = await freePort()
const authority = await MeshAuthority.create()
writeIdentity(folder, await authority.issue('ns', 'account', { dnsNames: ['foo.example'] }))
const configuration = readFileSync(new URL('envoy.yaml', import.meta.url), 'utf8')
const file = join(folder, 'envoy.yaml')
writeFileSync(file, configuration.replaceAll('CERTS', folder).replaceAll('ADMIN_PORT', String(port)))

const options = ['--disable-hot-restart', '--concurrency', '1', '--drain-time-s', '5', '-l', 'error']
const envoy = spawn(findEnvoyBinary(), ['-c', file, ...options], { stdio: 'inherit' })
try {
  await untilLive()
  const recordings: Recording[] = []
  for (const request of REQUESTS) recordings.push(await record(request))
  writeFileSync(new URL('recordings.json', import.meta.url), `${JSON.stringify(recordings, null, 1)}\n`)
} finally {
  envoy.kill()
  rmSync(folder, { recursive: true })
}

async function untilLive(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined)
    if (response?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('Envoy is not live after 5 s')
}

async function record(request: string): Promise<Recording> {
  const [method, target] = request.split(' ')
  const response = await fetch(`http://127.0.0.1:${port}${target}`, { method })
  const body = (await response.text()).replaceAll(folder, 'CERTS').replaceAll(`: ${port}\n`, ': 15000\n')
  return { request, status: response.status, contentType: response.headers.get('content-type') ?? '', body: trim(body) }
}

/** Without the list of Envoy's extensions, which is long and only Envoy's. */
function trim(body: string): string {
  if (!body.includes('"extensions"')) return body
  const json = JSON.parse(body, (key, value: unknown) => (key === 'extensions' ? undefined : value)) as object
  return `${JSON.stringify(json, null, 1)}\n`
}
