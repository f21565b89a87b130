import { create } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { dumpedResource, FAKE_UPDATED_MS, FakeAdminSource } from '../../test/support/fake-admin-source.ts'
import { packAny } from '../envoy/any.ts'
import { ClusterLoadAssignmentSchema } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ClusterSchema } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from '../envoy/generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { AdminServer } from './admin-server.ts'

let source: FakeAdminSource
let server: AdminServer
let base: string
let errors: unknown[]

beforeEach(async () => {
  source = new FakeAdminSource()
  errors = []
  server = new AdminServer(source, { onError: (error, path) => errors.push([path, (error as Error).message]) })
  const { ip, port } = await server.listen({ ip: '127.0.0.1', port: 0 })
  base = `http://${ip}:${port}`
})
afterEach(() => server.close())

async function get(path: string, init?: RequestInit): Promise<[status: number, body: string]> {
  const response = await fetch(base + path, init)
  return [response.status, await response.text()]
}

async function json<T>(path: string): Promise<T> {
  const [status, body] = await get(path)
  expect(status).toBe(200)
  return JSON.parse(body) as T
}

const form = (body: string): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})

describe('the admin server', () => {
  test.each(['/nothing', '/ready/', '/READY', '/readyx'])(
    'answers %s, no path of its own, with the commands',
    async (path) => {
      const [status, body] = await get(path)
      const [, help] = await get('/help')
      expect([status, body]).toEqual([404, `invalid path. ${help}`])
    },
  )

  test('help lists every command in order, with its parameters and what is to be posted', async () => {
    const [, help] = await get('/help')
    const commands = [...help.matchAll(/^ {2}(\/\S*)( \(POST\))?:/gm)].map(([, path, post]) => path + (post ?? ''))
    expect(commands).toEqual([
      '/',
      '/certs',
      '/clusters',
      '/config_dump',
      '/drain_listeners (POST)',
      '/healthcheck/fail (POST)',
      '/healthcheck/ok (POST)',
      '/help',
      '/hot_restart_version',
      '/listeners',
      '/logging (POST)',
      '/memory',
      '/quitquitquit (POST)',
      '/ready',
      '/reopen_logs (POST)',
      '/reset_counters (POST)',
      '/runtime',
      '/runtime_modify (POST)',
      '/server_info',
      '/stats',
      '/stats/prometheus',
    ])
    expect(help).toContain('  /listeners: print listener info\n      format: File format to use; One of (text, json)\n')
  })

  test('the home page has a form for every command, and nothing from elsewhere', async () => {
    const response = await fetch(`${base}/`)
    expect(response.headers.get('content-type')).toBe('text/html; charset=UTF-8')
    const page = await response.text()
    const [, help] = await get('/help')
    const others = [...help.matchAll(/^ {2}\/(\S+?)( \(POST\))?:/gm)]
    for (const [, path, post] of others) {
      expect(page).toContain(`<form action="${path}" method="${post === undefined ? 'get' : 'post'}">`)
    }
    expect(page).not.toMatch(/src=|href=|http/)
  })

  test('what the forms of the home page send works with nothing filled in', async () => {
    source.series.counter('a').inc()
    expect(await get('/stats?filter=&format=&type=&histogram_buckets=')).toEqual([200, 'a: 1\n'])
    expect((await get('/config_dump?resource=&mask=&name_regex='))[0]).toBe(200)
    expect((await get('/logging', form('paths=&level=')))[0]).toBe(200)
    expect((await get('/clusters?filter=&format='))[0]).toBe(200)
  })

  test('takes parameters from a form when the path has none, and only from a form', async () => {
    await get('/logging', form('level=error'))
    expect(source.levels.get('http')).toBe('error')
    await get('/logging', { method: 'POST', body: 'level=debug', headers: { 'content-type': 'text/plain' } })
    expect(source.levels.get('http')).toBe('error')
    await get('/logging?level=trace', form('level=debug'))
    expect(source.levels.get('http')).toBe('trace')
  })

  test('refuses a body that is larger than parameters are', async () => {
    const [status] = await get('/logging', form(`level=${'x'.repeat(70_000)}`))
    expect(status).toBe(413)
  })

  test('a page of another site in a browser cannot change the server', async () => {
    const from = (site: string) => get('/healthcheck/fail', { method: 'POST', headers: { 'sec-fetch-site': site } })
    expect((await from('cross-site'))[0]).toBe(403)
    expect((await from('same-site'))[0]).toBe(403)
    expect(source.current).toBe('LIVE')
    expect((await from('same-origin'))[0]).toBe(200)
    expect(source.current).toBe('DRAINING')
  })

  test('answers HEAD without a body', async () => {
    const response = await fetch(`${base}/ready`, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('a defect in an endpoint is reported and answered with 500, and the next request is served', async () => {
    source.clusters = () => Promise.reject(new Error('no worker answers'))
    expect((await get('/clusters'))[0]).toBe(500)
    expect(errors).toEqual([['/clusters', 'no worker answers']])
    expect(await get('/ready')).toEqual([200, 'LIVE\n'])
  })

  test('says so when its port is taken', async () => {
    const port = Number(new URL(base).port)
    const second = new AdminServer(source)
    await expect(second.listen({ ip: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('passes on what is done to the server', async () => {
    await get('/drain_listeners', { method: 'POST' })
    await get('/drain_listeners?graceful&skip_exit=false&inboundonly', { method: 'POST' })
    await get('/reopen_logs', { method: 'POST' })
    expect(source.calls).toEqual([
      ['drainListeners', { graceful: false, skipExit: false, inboundOnly: false }],
      // A flag counts by being there.
      ['drainListeners', { graceful: true, skipExit: true, inboundOnly: true }],
      ['reopenLogs'],
    ])
  })

  test('reset_counters leaves gauges alone', async () => {
    source.series.counter('c').add(5)
    source.series.gauge('g').set(5)
    await get('/reset_counters', { method: 'POST' })
    expect(await get('/stats')).toEqual([200, 'c: 0\ng: 5\n'])
  })

  test.each(['INITIALIZING', 'PRE_INITIALIZING', 'DRAINING'] as const)('is not ready while %s', async (state) => {
    source.current = state
    expect(await get('/ready')).toEqual([503, `${state}\n`])
  })

  test('memory prints sizes as strings, 0 where there is no such thing here', async () => {
    expect(await json('/memory')).toEqual({
      allocated: '1000',
      heap_size: '5000',
      pageheap_unmapped: '0',
      pageheap_free: '4000',
      total_thread_cache: '0',
      total_physical_bytes: '9000',
    })
  })

  test('without an admin layer, runtime values cannot be changed', async () => {
    source.hasAdminLayer = false
    expect(await get('/runtime_modify?a=b', { method: 'POST' })).toEqual([503, 'No admin layer specified'])
  })

  test('an expired certificate has no days left', async () => {
    const details = {
      path: '<inline>',
      serialNumber: 'ab',
      subjectAltNames: [{ kind: 'ipAddress' as const, value: '10.1.2.3' }],
      validFromMs: 0,
      expirationMs: Date.UTC(2020, 0, 1),
    }
    source.certificateStatuses = [{ caCertificates: [], certificateChain: [details] }]
    expect(await json('/certs')).toEqual({
      certificates: [
        {
          ca_cert: [],
          cert_chain: [
            {
              path: '<inline>',
              serial_number: 'ab',
              subject_alt_names: [{ ip_address: '10.1.2.3' }],
              days_until_expiration: '0',
              valid_from: '1970-01-01T00:00:00Z',
              expiration_time: '2020-01-01T00:00:00Z',
            },
          ],
        },
      ],
    })
  })
})

describe('/logging', () => {
  const post = (path: string) => get(path, { method: 'POST' })
  const listing = (admin: string, http: string, rbac: string): string =>
    `active loggers:\n  admin: ${admin}\n  http: ${http}\n  rbac: ${rbac}\n\n`

  test('shows levels, and changes one, several or all', async () => {
    expect(await post('/logging')).toEqual([200, listing('info', 'info', 'warning')])
    expect(await post('/logging?level')).toEqual([200, listing('info', 'info', 'warning')])
    expect(await post('/logging?http=debug')).toEqual([200, listing('info', 'debug', 'warning')])
    expect(await post('/logging?paths=admin:trace,rbac:off,')).toEqual([200, listing('trace', 'debug', 'off')])
    expect(await post('/logging?level=critical')).toEqual([200, listing('critical', 'critical', 'critical')])
  })

  test.each([
    ['level=loud', 'unknown logger level'],
    ['http=loud', 'unknown logger level'],
    ['nobody=info', 'unknown logger name'],
    ['http=info&rbac=info', 'invalid number of parameters'],
    ['paths=http', 'empty logger name or empty logger level'],
    ['paths=:info', 'empty logger name or empty logger level'],
    ['paths=http:trace,nobody:info', 'unknown logger name'],
  ])('refuses %s, says why, and changes nothing', async (query, reason) => {
    const [status, body] = await post(`/logging?${query}`)
    expect(status).toBe(400)
    expect(body.startsWith(`error: ${reason}\n\nusage: /logging?<name>=<level> (change single level)\n`)).toBe(true)
    expect(
      body.endsWith(`levels: trace debug info warning error critical off \n${listing('info', 'info', 'warning')}`),
    ).toBe(true)
  })
})

describe('/stats', () => {
  beforeEach(() => {
    const latency = source.series.histogram('latency_ms')
    latency.record(4)
    source.intervals.flush(source.series.snapshot())
    latency.record(40)
    source.series.histogram('never_ms')
    source.series.counter('cluster.a.upstream_rq_total').add(3)
    source.series.gauge('cluster.a.upstream_cx_active')
    source.series.text('control_plane.identifier', 'istiod "x"')
  })

  test('prints what is used, of a type, by name', async () => {
    expect(await get('/stats?type=Counters')).toEqual([200, 'cluster.a.upstream_rq_total: 3\n'])
    expect(await get('/stats?type=TextReadouts')).toEqual([200, 'control_plane.identifier: "istiod "x""\n'])
    expect(await get('/stats?filter=^cluster')).toEqual([
      200,
      'cluster.a.upstream_cx_active: 0\ncluster.a.upstream_rq_total: 3\n',
    ])
    expect(await get('/stats?usedonly&filter=^cluster')).toEqual([200, 'cluster.a.upstream_rq_total: 3\n'])
    expect(await get('/stats?invert_filter&filter=_ms$&type=Histograms')).toEqual([200, ''])
    expect(await get('/stats?format=xml')).toEqual([400, 'usage: /stats?format=(html|json|prometheus|text)\n\n'])
  })

  test('prints histograms as buckets or as bins, as text and as JSON', async () => {
    const histograms = (mode: string) =>
      json<{ stats: [{ histograms: unknown }] }>(`/stats?filter=^lat&format=json&histogram_buckets=${mode}`)
    const [, cumulative] = await get('/stats?filter=^lat&histogram_buckets=cumulative')
    expect(cumulative).toContain('latency_ms: B0.5(0,0) B1(0,0) B5(1,1) B10(1,1) B25(1,1) B50(1,2)')
    const [, detailed] = await get('/stats?filter=.&type=Histograms&histogram_buckets=detailed')
    expect(detailed).toMatch(
      /^latency_ms:\n {2}totals=3.5,0.5:1, 35,5:1\n {2}intervals=3.5,0.5:1\n {2}summary=P0\(3.5,3.5\) .*\nnever_ms: No recorded values\n$/,
    )
    const [{ histograms: disjoint }] = (await histograms('disjoint')).stats
    const bucket = (upper_bound: number, interval: number, cumulative: number) => ({
      upper_bound,
      interval,
      cumulative,
    })
    expect(disjoint).toMatchObject([{ name: 'latency_ms' }])
    const { buckets } = (disjoint as { buckets: object[] }[])[0]
    expect(buckets.slice(1, 7)).toEqual([
      bucket(1, 0, 0),
      bucket(5, 1, 1),
      bucket(10, 0, 0),
      bucket(25, 0, 0),
      bucket(50, 0, 1),
      bucket(100, 0, 0),
    ])
    const [{ histograms: bins }] = (await histograms('detailed')).stats
    expect(bins).toMatchObject({
      supported_percentiles: [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100],
      details: [
        {
          name: 'latency_ms',
          totals: [
            { lower_bound: 3.5, width: 0.5, count: 1 },
            { lower_bound: 35, width: 5, count: 1 },
          ],
          intervals: [{ lower_bound: 3.5, width: 0.5, count: 1 }],
        },
      ],
    })
    const [{ histograms: summary }] = (await histograms('summary')).stats
    expect(summary).toMatchObject({
      supported_quantiles: expect.anything(),
      computed_quantiles: [{ name: 'latency_ms' }],
    })
  })

  test('prints for Prometheus, with configured buckets, and text readouts only on request', async () => {
    source.series.histogram('own_buckets').record(5)
    const [, text] = await get('/stats?format=prometheus')
    expect(text).toContain('envoy_cluster_upstream_rq_total{envoy_cluster_name="a"} 3\n')
    expect(text).toContain(
      'envoy_own_buckets_bucket{le="7"} 1\nenvoy_own_buckets_bucket{le="+Inf"} 1\nenvoy_own_buckets_sum{} 5\n',
    )
    expect(text).not.toContain('control_plane')
    expect(await get('/stats/prometheus?text_readouts&filter=^control')).toEqual([
      200,
      '# TYPE envoy_control_plane_identifier gauge\nenvoy_control_plane_identifier{text_value="istiod \\"x\\""} 0\n',
    ])
    const [, summary] = await get('/stats/prometheus?histogram_buckets=summary&filter=^lat')
    expect(summary).toContain('# TYPE envoy_latency_ms summary\n')
  })

  test('shows statistics in a browser, with nothing that could run', async () => {
    source.series.text('t', '<script>')
    const [status, page] = await get('/stats?format=html')
    expect([status, page.includes('&lt;script&gt;'), page.includes('<script>')]).toEqual([200, true, false])
  })
})

describe('/config_dump of dynamic resources', () => {
  const updated = new Date(FAKE_UPDATED_MS).toISOString()
  const failure = { lastAttemptMs: 0, details: 'filters[0]: no such filter\nname: missing', versionInfo: '8' }

  test('a refused configuration stands beside the one that goes on', async () => {
    const listener = create(ListenerSchema, { name: 'l' })
    const cluster = create(ClusterSchema, { name: 'c' })
    source.changeDump = (dump) => ({
      ...dump,
      clusters: {
        ...dump.clusters,
        versionInfo: '7',
        dynamicActive: [{ ...dumpedResource(ClusterSchema, cluster, '7'), error: failure }],
        dynamicWarming: [dumpedResource(ClusterSchema, create(ClusterSchema, { name: 'warming' }), '8')],
      },
      listeners: {
        ...dump.listeners,
        dynamic: [
          {
            name: 'l',
            active: dumpedResource(ListenerSchema, listener, '7'),
            error: { ...failure, failedConfiguration: packAny(ListenerSchema, listener) },
          },
          { name: 'new', error: failure },
        ],
      },
    })
    const error_state = { last_update_attempt: '1970-01-01T00:00:00Z', details: failure.details, version_info: '8' }
    const type = { '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener' }
    expect(await json('/config_dump?resource=dynamic_listeners')).toEqual({
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener',
          name: 'l',
          active_state: { version_info: '7', listener: { ...type, name: 'l' }, last_updated: updated },
          error_state: { ...error_state, failed_configuration: { ...type, name: 'l' } },
        },
        { '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener', name: 'new', error_state },
      ],
    })
    expect(await json('/config_dump?mask=dynamic_active_clusters,version_info')).toMatchObject({
      configs: [
        { version_info: '7', dynamic_active_clusters: [{ version_info: '7', cluster: { name: 'c' }, error_state }] },
      ],
    })
    expect(await json('/config_dump?resource=dynamic_warming_clusters&mask=cluster.name')).toMatchObject({
      configs: [{ cluster: { name: 'warming' } }],
    })
  })

  test('secrets are redacted wherever they stand', async () => {
    const inline = (text: string) => ({ specifier: { case: 'inlineBytes', value: Buffer.from(text) } }) as const
    const secret = create(SecretSchema, {
      name: 'default',
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: inline('public'), privateKey: inline('private') },
      },
    })
    source.changeDump = (dump) => ({
      ...dump,
      secrets: { ...dump.secrets, dynamicActive: [dumpedResource(SecretSchema, secret, 'v')] },
    })
    const [, body] = await get('/config_dump')
    expect(body).not.toContain(Buffer.from('private').toString('base64'))
    expect(await json('/config_dump?resource=dynamic_active_secrets')).toMatchObject({
      configs: [
        {
          name: 'default',
          version_info: 'v',
          last_updated: updated,
          secret: {
            tls_certificate: {
              certificate_chain: { inline_bytes: Buffer.from('public').toString('base64') },
              private_key: { inline_bytes: Buffer.from('[redacted]').toString('base64') },
            },
          },
        },
      ],
    })
  })

  test('name_regex chooses by name in every part, endpoints by their cluster', async () => {
    const routes = ['a', 'b'].map((name) => create(RouteConfigurationSchema, { name }))
    const assignments = ['a', 'b'].map((clusterName) => create(ClusterLoadAssignmentSchema, { clusterName }))
    source.endpoints = assignments.map((one) => packAny(ClusterLoadAssignmentSchema, one))
    source.changeDump = (dump) => ({
      ...dump,
      routes: { ...dump.routes, dynamic: routes.map((route) => dumpedResource(RouteConfigurationSchema, route, '1')) },
    })
    type Named = { configs: { route_config?: { name: string }; endpoint_config?: { cluster_name: string } }[] }
    const found = await json<Named>('/config_dump?resource=dynamic_route_configs&name_regex=b')
    expect(found.configs.map(({ route_config }) => route_config?.name)).toEqual(['b'])
    const endpoints = await json<Named>('/config_dump?include_eds&resource=static_endpoint_configs&name_regex=b|c')
    expect(endpoints.configs.map(({ endpoint_config }) => endpoint_config?.cluster_name)).toEqual(['b'])
  })
})
