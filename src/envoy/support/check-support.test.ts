import { describe, expect, test } from '@jest/globals'
import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { anyUnpack, AnySchema } from '@bufbuild/protobuf/wkt'
import { packAny } from '../any.ts'
import { loadBootstrap, loadResources } from '../decode/load.ts'
import { ClusterSchema, type Cluster } from '../generated/envoy/config/cluster/v3/cluster_pb.js'
import { ListenerSchema, type Listener } from '../generated/envoy/config/listener/v3/listener_pb.js'
import { BootstrapSchema } from '../generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { RBACSchema as HttpRbacSchema } from '../generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import {
  HttpConnectionManagerSchema,
  type HttpConnectionManager,
} from '../generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { RBACSchema as NetworkRbacSchema } from '../generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js'
import { TypedStructSchema } from '../generated/xds/type/v3/typed_struct_pb.js'
import { checkSupport, formatSupportError, withoutUnsupported } from './check-support.ts'

const T = 'type.googleapis.com/envoy.extensions'
const ROUTER = `{name: router, typed_config: {"@type": ${T}.filters.http.router.v3.Router}}`
const LUA = `{name: lua, typed_config: {"@type": ${T}.filters.http.lua.v3.Lua}}`
const STATS = `{name: istio.stats, typed_config: {"@type": type.googleapis.com/stats.PluginConfig}}`
const CORS = `{name: cors, typed_config: {"@type": ${T}.filters.http.cors.v3.Cors}}`
const PEER = `{name: peer, typed_config: {"@type": type.googleapis.com/udpa.type.v1.TypedStruct, type_url: t/io.istio.http.peer_metadata.Config, value: {}}}`

function resource<T>(schema: DescMessage, yaml: string): T {
  const { resources, errors } = loadResources(`[{resource: ${yaml}}]`, 'r.yaml', schema)
  expect(errors).toEqual([])
  return resources[0].message as T
}

function listener(httpFilters: string[], hcmFields = '', chainFields = ''): Listener {
  const hcm = `{name: hcm, typed_config: {"@type": ${T}.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, route_config: {virtual_hosts: []}, http_filters: [${httpFilters.join(', ')}], ${hcmFields}}}`
  return resource(
    ListenerSchema,
    `{name: l, filter_chains: [{name: c, filters: [${hcm}], ${chainFields}}, {name: other}]}`,
  )
}

function hcmOf(given: Listener | undefined): HttpConnectionManager {
  const config = given?.filterChains[0].filters[0].configType
  if (config?.case !== 'typedConfig') throw new Error('no filter')
  return anyUnpack(config.value, HttpConnectionManagerSchema) as HttpConnectionManager
}

const errorsOf = (given: Listener) => checkSupport(ListenerSchema, given).map(formatSupportError)
const HCM = 'filter_chains[0].filters[0].typed_config'

describe('checkSupport', () => {
  test('says nothing about what is executed, nor about what has no effect here', () => {
    expect(
      errorsOf(listener([CORS, ROUTER], 'normalize_path: true, codec_type: HTTP2, drain_timeout_jitter: {value: 5}')),
    ).toEqual([])
  })

  test('reports every refused field, enum value and type with its path', () => {
    const given = listener([STATS, LUA, PEER, ROUTER], 'tracing: {}, codec_type: HTTP3', 'use_proxy_proto: true')
    expect(errorsOf(given)).toEqual([
      `${HCM}.codec_type: HTTP/3 is not supported`,
      `${HCM}.http_filters[0].typed_config: Istio's statistics is not supported`,
      `${HCM}.http_filters[1].typed_config: Lua is not supported`,
      `${HCM}.http_filters[2].typed_config: Istio's peer metadata is not supported`,
      `${HCM}.tracing: tracing is not supported`,
      'filter_chains[0].use_proxy_proto: use_proxy_proto is not supported',
    ])
  })

  test('a type in the place of another kind is refused, whatever it is elsewhere', () => {
    const inPlace = ROUTER.replace('filters.http.router', 'filters.network.tcp_proxy').replace(
      'v3.Router',
      'v3.TcpProxy, stat_prefix: x, cluster: c',
    )
    expect(errorsOf(listener([inPlace]))[0]).toContain('TcpProxy here is not supported')
  })

  test('an extension that is only named is refused, as in Envoy', () => {
    expect(errorsOf(listener(['{name: envoy.filters.http.router}']))).toEqual([
      `${HCM}.http_filters[0]: an extension without typed_config is not supported`,
    ])
    const perRoute = listener([ROUTER], 'request_id_extension: {}')
    expect(errorsOf(perRoute)).toEqual([])
  })

  test('unknown fields of binary input count, at any depth', () => {
    const bytes = [...toBinary(ListenerSchema, listener([ROUTER])), ...[0xfa, 0x3e, 0x01, 0x41]]
    const errors = checkSupport(ListenerSchema, fromBinary(ListenerSchema, new Uint8Array(bytes)))
    expect(errors).toMatchObject([{ path: '', field: '1007', security: true }])
  })

  test('an Any of an unknown type, or with bytes of another, is refused', () => {
    const given = listener([ROUTER, ROUTER])
    const hcm = hcmOf(given)
    hcm.httpFilters[0].configType = { case: 'typedConfig', value: create(AnySchema, { typeUrl: 'x/new.Filter' }) }
    hcm.httpFilters[1].configType.value = create(AnySchema, {
      typeUrl: `${T}.filters.http.router.v3.Router`,
      value: new Uint8Array([0xff]),
    })
    given.filterChains[0].filters[0].configType = {
      case: 'typedConfig',
      value: packAny(HttpConnectionManagerSchema, hcm),
    }
    expect(errorsOf(given)).toEqual([
      `${HCM}.http_filters[0].typed_config: new.Filter here is not supported`,
      `${HCM}.http_filters[1].typed_config: bytes that are not a message of this type is not supported`,
    ])
  })

  test('a TypedStruct counts as the type that it names', () => {
    const wrap = (typeUrl: string) =>
      packAny(TypedStructSchema, create(TypedStructSchema, { typeUrl, value: { upstream_log: [{ name: 'x' }] } }))
    const given = listener([ROUTER])
    const hcm = hcmOf(given)
    hcm.httpFilters[0].configType = { case: 'typedConfig', value: wrap(`${T}.filters.http.router.v3.Router`) }
    given.filterChains[0].filters[0].configType = {
      case: 'typedConfig',
      value: packAny(HttpConnectionManagerSchema, hcm),
    }
    expect(errorsOf(given)).toEqual([
      `${HCM}.http_filters[0].typed_config.upstream_log: access logs of the upstream is not supported`,
    ])
  })
})

describe('withoutUnsupported', () => {
  test('leaves out filters and fields that may be left out, lists them, and does not touch what was given', () => {
    const given = listener([STATS, PEER, CORS, ROUTER], 'tracing: {}')
    const before = toBinary(ListenerSchema, given)
    const { message, left } = withoutUnsupported(ListenerSchema, given)
    expect(hcmOf(message).httpFilters.map((filter) => filter.name)).toEqual(['cors', 'router'])
    expect(hcmOf(message).tracing).toBeUndefined()
    expect(left.map((error) => [error.path, error.security])).toEqual([
      [`${HCM}.http_filters[0].typed_config`, false],
      [`${HCM}.http_filters[1].typed_config`, false],
      [`${HCM}.tracing`, false],
    ])
    expect(toBinary(ListenerSchema, given)).toEqual(before)
    expect(checkSupport(ListenerSchema, message as Listener)).toEqual([])
  })

  test('an HTTP filter that must not be left out becomes one that denies every request', () => {
    const { message, left } = withoutUnsupported(ListenerSchema, listener([STATS, LUA, ROUTER]))
    const filters = hcmOf(message).httpFilters
    expect(filters.map((filter) => filter.name)).toEqual(['lua', 'router'])
    const config = filters[0].configType
    const rbac = config.case === 'typedConfig' ? anyUnpack(config.value, HttpRbacSchema) : undefined
    expect(rbac?.rules).toMatchObject({ action: 0, policies: {} })
    expect(left.filter((error) => error.security).length).toBe(1)
    expect(checkSupport(ListenerSchema, message as Listener)).toEqual([])
  })

  test('a filter by discovery, or disabled, is no way around that', () => {
    const ecds = `{name: w, disabled: true, is_optional: true, config_discovery: {config_source: {ads: {}}, type_urls: [a]}}`
    const { message } = withoutUnsupported(ListenerSchema, listener([ecds, ROUTER]))
    expect(hcmOf(message).httpFilters[0]).toMatchObject({ disabled: false, isOptional: false })
    expect(checkSupport(ListenerSchema, message as Listener)).toEqual([])
  })

  test('anything else of that kind closes its filter chain, and only that', () => {
    const match =
      'route_config: {virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /, cookies: [{name: a, string_match: {exact: b}}]}, route: {cluster: c}}]}]}'
    const given = listener([ROUTER])
    const hcm = hcmOf(listener([ROUTER]))
    hcm.routeSpecifier = hcmOf(
      resource<Listener>(
        ListenerSchema,
        `{name: l, filter_chains: [{filters: [{name: hcm, typed_config: {"@type": ${T}.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, ${match}}}]}]}`,
      ),
    ).routeSpecifier
    given.filterChains[0].filters[0].configType = {
      case: 'typedConfig',
      value: packAny(HttpConnectionManagerSchema, hcm),
    }
    const { message, left } = withoutUnsupported(ListenerSchema, given)
    expect(left).toMatchObject([{ reason: 'matching on cookies', security: true }])
    expect(message?.filterChains.map((chain) => [chain.name, chain.filters.length])).toEqual([
      ['c', 2],
      ['other', 0],
    ])
    const first = message?.filterChains[0].filters[0].configType
    const rbac = first?.case === 'typedConfig' ? anyUnpack(first.value, NetworkRbacSchema) : undefined
    expect(rbac?.rules).toMatchObject({ action: 0, policies: {} })
    expect(checkSupport(ListenerSchema, message as Listener)).toEqual([])
  })

  test('a chain whose match is not understood takes its listener with it', () => {
    const given = listener([ROUTER], '', 'filter_chain_match: {address_suffix: x}')
    expect(withoutUnsupported(ListenerSchema, given).message).toBeUndefined()
  })

  test('a cluster that would be dialled in another way is refused as a whole; an option of balancing is left out', () => {
    const options = resource<Cluster>(
      ClusterSchema,
      '{name: c, lb_policy: RANDOM, outlier_detection: {}, filters: [{name: mx, typed_config: {"@type": type.googleapis.com/udpa.type.v1.TypedStruct, type_url: t/envoy.tcp.metadataexchange.config.MetadataExchange, value: {}}}]}',
    )
    const kept = withoutUnsupported(ClusterSchema, options)
    expect(kept.message).toMatchObject({ filters: [] })
    expect(kept.message?.outlierDetection).toBeUndefined()
    expect(kept.left.length).toBe(2)
    const socket = resource<Cluster>(
      ClusterSchema,
      `{name: c, transport_socket: {name: p, typed_config: {"@type": ${T}.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, transport_socket: {name: raw}}}}`,
    )
    expect(withoutUnsupported(ClusterSchema, socket).message).toBeUndefined()
  })

  test.each([
    '{extension_filter: {name: cel}}',
    '{traceable_filter: {}}',
    '{and_filter: {filters: [{not_health_check_filter: {}}, {extension_filter: {name: cel}}]}}',
    '{or_filter: {filters: [{extension_filter: {name: cel}}, {not_health_check_filter: {}}]}}',
  ])('a logger whose filter is not executed is left out, rather than logging everything: %s', (filter) => {
    const log = `{name: f, filter: ${filter}, typed_config: {"@type": ${T}.access_loggers.file.v3.FileAccessLog, path: /dev/stdout}}`
    const { message } = withoutUnsupported(ListenerSchema, listener([ROUTER], `access_log: [${log}]`))
    expect(hcmOf(message).accessLog).toEqual([])
  })

  test('what a route says to a filter that is left out goes with it', () => {
    const buffer = `"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, config: {"@type": ${T}.filters.http.buffer.v3.BufferPerRoute, disabled: true}`
    const routes = `{name: l, filter_chains: [{filters: [{name: hcm, typed_config: {"@type": ${T}.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: x, route_config: {typed_per_filter_config: {buffer: {${buffer}}}}}}]}]}`
    const { message } = withoutUnsupported(ListenerSchema, resource<Listener>(ListenerSchema, routes))
    const specifier = hcmOf(message).routeSpecifier
    expect(specifier.case === 'routeConfig' && Object.keys(specifier.value.typedPerFilterConfig)).toEqual([])
  })

  test('of a bootstrap, resources that cannot be executed safely are taken out', () => {
    const yaml = '{static_resources: {clusters: [{name: good}, {name: bad, upstream_bind_config: {}}]}}'
    const { message, left } = withoutUnsupported(BootstrapSchema, loadBootstrap(yaml, 'b.yaml').bootstrap)
    expect(message?.staticResources?.clusters.map((cluster) => cluster.name)).toEqual(['good'])
    expect(left).toMatchObject([{ path: 'static_resources.clusters[1].upstream_bind_config', security: true }])
  })
})
