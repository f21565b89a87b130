import { describe, expect, test } from '@jest/globals'
import { PrometheusPrinter } from './prometheus-text.ts'
import { SeriesTable } from './series.ts'
import { defaultTagRules, extractTags, regexTagRule } from './stat-tags.ts'

/** Names of statistics of Envoy 1.40 and what its /stats/prometheus makes of them, one of each shape. */
const envoyNames: [name: string, metric: string][] = [
  [
    'cluster.outbound|80||b.ns.svc.assignment_stale',
    'envoy_cluster_ns_svc_assignment_stale{envoy_cluster_name="outbound|80||b"}',
  ],
  ['cluster.svc-a.assignment_stale', 'envoy_cluster_assignment_stale{envoy_cluster_name="svc-a"}'],
  [
    'cluster.svc-a.external.upstream_rq_503',
    'envoy_cluster_external_upstream_rq{envoy_response_code="503",envoy_cluster_name="svc-a"}',
  ],
  [
    'cluster.svc-a.external.upstream_rq_5xx',
    'envoy_cluster_external_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="svc-a"}',
  ],
  [
    'cluster.svc-a.grpc.pkg.Svc.Method.14',
    'envoy_cluster_grpc_Method_14{envoy_grpc_bridge_method="Svc",envoy_grpc_bridge_service="pkg",envoy_cluster_name="svc-a"}',
  ],
  ['cluster_manager.active_clusters', 'envoy_cluster_manager_active_clusters{}'],
  [
    'envoy.overload_actions.reset_high_memory_stream.count',
    'envoy_envoy_overload_actions_reset_high_memory_stream_count{}',
  ],
  ['filesystem.flushed_by_timer', 'envoy_filesystem_flushed_by_timer{}'],
  ['http.admin.downstream_cx_active', 'envoy_http_downstream_cx_active{envoy_http_conn_manager_prefix="admin"}'],
  [
    'http.admin.downstream_rq_1xx',
    'envoy_http_downstream_rq_xx{envoy_response_code_class="1",envoy_http_conn_manager_prefix="admin"}',
  ],
  ['http1.dropped_headers_with_underscores', 'envoy_http1_dropped_headers_with_underscores{}'],
  ['http2.cookies_total_bytes_too_large', 'envoy_http2_cookies_total_bytes_too_large{}'],
  [
    'listener.127.0.0.1_0.downstream_cx_active',
    'envoy_listener_downstream_cx_active{envoy_listener_address="127.0.0.1_0"}',
  ],
  [
    'listener.127.0.0.1_0.http.ingress.one.downstream_rq_1xx',
    'envoy_listener_http_one_downstream_rq_xx{envoy_response_code_class="1",envoy_http_conn_manager_prefix="ingress",envoy_listener_address="127.0.0.1_0"}',
  ],
  [
    'listener.127.0.0.1_0.http.ingress.one.downstream_rq_completed',
    'envoy_listener_http_one_downstream_rq_completed{envoy_http_conn_manager_prefix="ingress",envoy_listener_address="127.0.0.1_0"}',
  ],
  [
    'listener.127.0.0.1_0.worker_0.downstream_cx_active',
    'envoy_listener_worker_downstream_cx_active{envoy_worker_id="0",envoy_listener_address="127.0.0.1_0"}',
  ],
  ['listener.admin.downstream_cx_active', 'envoy_listener_admin_downstream_cx_active{}'],
  [
    'listener.admin.http.admin.downstream_rq_1xx',
    'envoy_listener_admin_http_downstream_rq_xx{envoy_response_code_class="1",envoy_http_conn_manager_prefix="admin"}',
  ],
  [
    'listener.admin.http.admin.downstream_rq_completed',
    'envoy_listener_admin_http_downstream_rq_completed{envoy_http_conn_manager_prefix="admin"}',
  ],
  ['listener_manager.listener_added', 'envoy_listener_manager_listener_added{}'],
  ['lrl.http_local_rate_limit.enabled', 'envoy_http_local_rate_limit_enabled{envoy_local_http_ratelimit_prefix="lrl"}'],
  ['main_thread.watchdog_mega_miss', 'envoy_main_thread_watchdog_mega_miss{}'],
  ['runtime.admin_overrides_active', 'envoy_runtime_admin_overrides_active{}'],
  ['server.compilation_settings.fips_mode', 'envoy_server_compilation_settings_fips_mode{}'],
  ['server.worker_0.watchdog_mega_miss', 'envoy_server_worker_watchdog_mega_miss{envoy_worker_id="0"}'],
  ['tcp.mytcp.downstream_cx_drain_close', 'envoy_tcp_downstream_cx_drain_close{envoy_tcp_prefix="mytcp"}'],
  ['tcp.rbac.allowed', 'envoy_allowed{envoy_rbac_prefix="tcp",envoy_tcp_prefix="rbac"}'],
  [
    'thread_local_cluster_manager.main_thread.clusters_inflated',
    'envoy_thread_local_cluster_manager_main_thread_clusters_inflated{}',
  ],
  [
    'thread_local_cluster_manager.worker_0.clusters_inflated',
    'envoy_thread_local_cluster_manager_worker_clusters_inflated{envoy_worker_id="0"}',
  ],
  [
    'vhost.vh.route.direct.upstream_rq_retry',
    'envoy_vhost_route_upstream_rq_retry{envoy_virtual_host="vh",envoy_route="direct"}',
  ],
  [
    'vhost.vh.route.rest.upstream_rq_503',
    'envoy_vhost_route_upstream_rq{envoy_response_code="503",envoy_virtual_host="vh",envoy_route="rest"}',
  ],
  [
    'vhost.vh.route.rest.upstream_rq_5xx',
    'envoy_vhost_route_upstream_rq_xx{envoy_response_code_class="5",envoy_virtual_host="vh",envoy_route="rest"}',
  ],
  [
    'vhost.vh.vcluster.other.upstream_rq_503',
    'envoy_vhost_vcluster_upstream_rq{envoy_response_code="503",envoy_virtual_cluster="other",envoy_virtual_host="vh"}',
  ],
  [
    'vhost.vh.vcluster.other.upstream_rq_5xx',
    'envoy_vhost_vcluster_upstream_rq_xx{envoy_response_code_class="5",envoy_virtual_cluster="other",envoy_virtual_host="vh"}',
  ],
  [
    'vhost.vh.vcluster.other.upstream_rq_completed',
    'envoy_vhost_vcluster_upstream_rq_completed{envoy_virtual_cluster="other",envoy_virtual_host="vh"}',
  ],
  ['workers.watchdog_mega_miss', 'envoy_workers_watchdog_mega_miss{}'],
  ['overload.refresh_interval_delay', 'envoy_overload_refresh_interval_delay{}'],
]

describe('the Prometheus text', () => {
  test.each(envoyNames)('of %s is named and labelled as by Envoy', (name, metric) => {
    const table = SeriesTable.create()
    table.counter(name).add(3)
    const lines = new PrometheusPrinter(defaultTagRules).print(table.snapshot()).split('\n')
    expect(lines).toEqual([`# TYPE ${metric.slice(0, metric.indexOf('{'))} counter`, `${metric} 3`, ''])
  })

  test('is ordered by kind, then by name without tags, then by full name', () => {
    const table = SeriesTable.create()
    table.gauge('cluster.b.active').set(1)
    table.counter('cluster_manager.added').inc()
    table.counter('cluster.b.total').inc()
    table.counter('cluster.a.total').inc()
    table.counter('cluster.a.unused')
    const text = new PrometheusPrinter(defaultTagRules).print(table.snapshot(), { usedOnly: true })
    expect(text).toBe(`# TYPE envoy_cluster_total counter
envoy_cluster_total{envoy_cluster_name="a"} 1
envoy_cluster_total{envoy_cluster_name="b"} 1
# TYPE envoy_cluster_manager_added counter
envoy_cluster_manager_added{} 1
# TYPE envoy_cluster_active gauge
envoy_cluster_active{envoy_cluster_name="b"} 1
`)
  })

  test('prints the buckets of a histogram cumulatively, or its quantiles', () => {
    const table = SeriesTable.create()
    table.histogram('cluster.a.rq_time').record(5)
    table.histogram('cluster.a.rq_time').record(30)
    const printer = new PrometheusPrinter(defaultTagRules)
    expect(printer.print(table.snapshot(), { bucketsOf: () => [5, 25, 50] }))
      .toBe(`# TYPE envoy_cluster_rq_time histogram
envoy_cluster_rq_time_bucket{envoy_cluster_name="a",le="5"} 1
envoy_cluster_rq_time_bucket{envoy_cluster_name="a",le="25"} 1
envoy_cluster_rq_time_bucket{envoy_cluster_name="a",le="50"} 2
envoy_cluster_rq_time_bucket{envoy_cluster_name="a",le="+Inf"} 2
envoy_cluster_rq_time_sum{envoy_cluster_name="a"} 35
envoy_cluster_rq_time_count{envoy_cluster_name="a"} 2
`)
    const summary = printer.print(table.snapshot(), { histograms: 'summary' })
    expect(summary).toContain('# TYPE envoy_cluster_rq_time summary\n')
    expect(summary).toContain('envoy_cluster_rq_time{envoy_cluster_name="a",quantile="1"} 30\n')
  })

  test('escapes label values, and leaves the names of Istio metrics alone', () => {
    const table = SeriesTable.create()
    table.counter('cluster.a"\\\nb.total').inc()
    table.counter('istio_requests_total.reporter=.waypoint').inc()
    const rules = [...defaultTagRules, regexTagRule('reporter', /(\.reporter=\.(.*))/)]
    expect(new PrometheusPrinter(rules).print(table.snapshot())).toBe(`# TYPE envoy_cluster_total counter
envoy_cluster_total{envoy_cluster_name="a\\"\\\\\\nb"} 1
# TYPE istio_requests_total counter
istio_requests_total{reporter="waypoint"} 1
`)
  })

  test('takes the tags of a mesh that defines its own', () => {
    const rules = [
      regexTagRule('cluster_name', /^cluster(\.(.+);)/),
      regexTagRule('response_code_class', /_rq(_(\dxx))$/),
    ]
    expect(extractTags('cluster.outbound|80||a.b.svc;.upstream_rq_2xx', rules)).toEqual({
      name: 'cluster.upstream_rq',
      tags: [
        ['cluster_name', 'outbound|80||a.b.svc'],
        ['response_code_class', '2xx'],
      ],
    })
  })
})
