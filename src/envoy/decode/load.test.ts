import { describe, expect, test } from '@jest/globals'
import { fromBinary, hasOption, getOption } from '@bufbuild/protobuf'
import { formatConfigError } from '../config-error.ts'
import { registry } from '../generated/descriptors.js'
import { ClusterSchema } from '../generated/envoy/config/cluster/v3/cluster_pb.js'
import { ListenerSchema, type Listener } from '../generated/envoy/config/listener/v3/listener_pb.js'
import { TcpProxySchema } from '../generated/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js'
import { rules } from '../generated/validate/validate_pb.js'
import { compileCheck, repeatedCheck } from './field-rules.ts'
import { loadBootstrap, loadResources } from './load.ts'

const errorsOf = (text: string, file = 'envoy.yaml') => loadBootstrap(text, file).errors.map(formatConfigError)
const cluster = (fields: string) => `static_resources: {clusters: [{name: a, ${fields}}]}`

const TCP_LISTENER = `
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, portValue: 15001}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: x
          cluster: a
          idle_timeout: 0.250s
`

describe('loadBootstrap', () => {
  test('reads a listener, its Any in the type that it names', () => {
    const { bootstrap, errors } = loadBootstrap(TCP_LISTENER, 'envoy.yaml')
    expect(errors).toEqual([])
    const filter = bootstrap.staticResources?.listeners[0].filterChains[0].filters[0]
    const any = filter?.configType.case === 'typedConfig' ? filter.configType.value : undefined
    const config = fromBinary(TcpProxySchema, any?.value ?? new Uint8Array())
    expect(config).toMatchObject({ statPrefix: 'x', clusterSpecifier: { case: 'cluster', value: 'a' } })
    expect(config.idleTimeout).toMatchObject({ seconds: 0n, nanos: 250_000_000 })
  })

  test('reports everything that is wrong at once, in the order of the file, each with place and remedy', () => {
    const text = TCP_LISTENER.replace('stat_prefix: x', 'stat_prefx: x')
      .replace('0.250s', '250ms')
      .replace('portValue: 15001', 'port_value: 99999, protocol: SCTP')
      .concat('  clusters: [{connect_timeout: 0s}]\nadmin: true\n')
    expect(errorsOf(text)).toEqual([
      'envoy.yaml:5:52: static_resources.listeners[0].address.socket_address.port_value: value must be at most 65535 (make it at most 65535)',
      'envoy.yaml:5:81: static_resources.listeners[0].address.socket_address.protocol: the string "SCTP" is not a value of envoy.config.core.v3.SocketAddress.Protocol (write one of TCP, UDP)',
      'envoy.yaml:9:9: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.stat_prefix: value length must be at least 1 characters (give it a value)',
      'envoy.yaml:11:11: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.stat_prefx: envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy has no field "stat_prefx" (did you mean "stat_prefix"?)',
      'envoy.yaml:13:25: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.idle_timeout: expected a duration, found the string "250ms" (write seconds with an s: "10s", "0.250s")',
      'envoy.yaml:14:14: static_resources.clusters[0].name: value length must be at least 1 characters (give it a value)',
      'envoy.yaml:14:15: static_resources.clusters[0].connect_timeout: value must be greater than 0s (make it greater than 0s)',
      'envoy.yaml:15:8: admin: expected an object, found true (write an object with the fields of envoy.config.bootstrap.v3.Admin)',
    ])
  })

  test.each([
    ['a string for a bool', 'respect_dns_ttl: "true", use_tcp_for_dns_lookups: "Yes"'],
    ['an enum by number', 'lb_policy: 2'],
    ['an enum in lower case', 'lb_policy: least_request'],
    ['one value for a list of one', 'filters: {name: f}'],
    ['an integer as a string', 'per_connection_buffer_limit_bytes: "5"'],
    ['an integer with a fraction of zero', 'per_connection_buffer_limit_bytes: 5.0'],
    ['a wrapper as a message', 'per_connection_buffer_limit_bytes: {value: 5}'],
    ['null for what is not set', 'connect_timeout: ~'],
  ])('takes %s, as Envoy does', (_, fields) => {
    expect(errorsOf(cluster(fields))).toEqual([])
  })

  test.each([
    ['a number for a string', 'alt_stat_name: 12', 'expected a string, found 12 (put it in quotes)'],
    ['a bare y for a string', 'alt_stat_name: y', 'expected a string, found true (put it in quotes)'],
    ['a negative duration', 'common_lb_config: {update_merge_window: -0.5s}', 'window: the duration is negative'],
    ['a number for a duration', 'connect_timeout: 5', 'expected a duration, found 5'],
    ['an undefined enum number', 'lb_policy: 77', '77 is not a value of envoy.config.cluster.v3.Cluster.LbPolicy'],
    ['a negative unsigned number', 'per_connection_buffer_limit_bytes: -1', '-1 is out of range'],
    ['a fraction for an integer', 'per_connection_buffer_limit_bytes: 1.5', 'expected a whole number'],
    ['an empty element', 'filters: [~]', 'an empty element of a list'],
    ['a field in both spellings', 'connect_timeout: 1s, connectTimeout: 1s', 'given twice'],
    ['two choices of a oneof', 'type: EDS, cluster_type: {name: x}', '"type" and "cluster_type" cannot both be set'],
    ['an Any without its type', 'upstream_config: {name: x, typed_config: {a: 1}}', 'no "@type"'],
    ['a list for an object', 'eds_cluster_config: []', 'expected an object, found a list'],
    ['a field that Envoy removed', 'extension_protocol_options: {}', 'has no field "extension_protocol_options"'],
  ])('refuses %s', (_, fields, message) => {
    expect(errorsOf(cluster(fields)).join('\n')).toContain(message)
  })

  test('an unknown @type names what was probably meant, or is kept without content on demand', () => {
    const text = TCP_LISTENER.replace('tcp_proxy.v3.TcpProxy', 'tcp_prox.v3.TcpProxy')
    expect(errorsOf(text)).toEqual([
      'envoy.yaml:10:11: static_resources.listeners[0].filter_chains[0].filters[0].typed_config.@type: unknown type "type.googleapis.com/envoy.extensions.filters.network.tcp_prox.v3.TcpProxy" (did you mean envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy?)',
    ])
    const { bootstrap, errors } = loadBootstrap(text, 'envoy.yaml', { unknownTypes: 'keep' })
    expect(errors).toEqual([])
    const config = bootstrap.staticResources?.listeners[0].filterChains[0].filters[0].configType
    expect(config?.value).toMatchObject({ typeUrl: expect.stringContaining('tcp_prox.v3') })
  })

  test('a TypedStruct is read as strictly as the type it names, and one of an unknown type is kept', () => {
    const typed = (url: string, value: string) =>
      cluster(
        `filters: [{name: f, typed_config: {"@type": type.googleapis.com/udpa.type.v1.TypedStruct, type_url: t/${url}, value: ${value}}}]`,
      )
    const tcpProxy = TcpProxySchema.typeName
    expect(errorsOf(typed(tcpProxy, '{stat_prefix: x, cluster: c}'))).toEqual([])
    expect(errorsOf(typed(tcpProxy, '{stat_prefix: x, clustr: c}')).join()).toContain('did you mean "cluster"?')
    const { bootstrap } = loadBootstrap(typed('unknown.Type', '{a: [1]}'), 'envoy.yaml')
    const any = bootstrap.staticResources?.clusters[0].filters[0].typedConfig
    expect(any?.typeUrl).toBe('type.googleapis.com/udpa.type.v1.TypedStruct')
    expect(any?.value.length).toBeGreaterThan(10)
  })

  test('a deprecated field is a warning, given once', () => {
    const { errors, warnings } = loadBootstrap(cluster('dns_jitter: 1s, respect_dns_ttl: true'), 'envoy.yaml')
    expect(errors).toEqual([])
    expect(warnings.map((warning) => warning.path)).toEqual([
      'static_resources.clusters[0].dns_jitter',
      'static_resources.clusters[0].respect_dns_ttl',
    ])
  })

  test('text that is neither YAML nor JSON is one error', () => {
    expect(errorsOf('{"a": ', 'envoy.json')).toEqual([
      'envoy.json:1:7: the text ends where a value was expected (complete the file)',
    ])
  })

  test('keys named as parts of every object are ordinary keys', () => {
    const metadata = `metadata: {filter_metadata: {"__proto__": {constructor: 1}}}`
    const { bootstrap, errors } = loadBootstrap(cluster(metadata), 'envoy.yaml')
    expect(errors).toEqual([])
    const found = bootstrap.staticResources?.clusters[0].metadata?.filterMetadata ?? {}
    expect(Object.getOwnPropertyNames(found)).toEqual(['__proto__'])
  })
})

describe('loadResources', () => {
  const wrapped = '[{"name": "a", "resource": {"name": "a", "connect_timeout": "1s"}}]'

  test.each([
    ['name and resource', wrapped],
    [
      'resources with their type',
      `[{"@type": "type.googleapis.com/${ClusterSchema.typeName}", "name": "a", "connectTimeout": "1s"}]`,
    ],
    [
      'a DiscoveryResponse',
      `{"version_info": "1", "resources": [{"@type": "type.googleapis.com/${ClusterSchema.typeName}", "name": "a", "connect_timeout": "1s"}]}`,
    ],
  ])('reads a list of %s', (_, text) => {
    const { resources, errors } = loadResources(text, 'cds.json', ClusterSchema)
    expect(errors).toEqual([])
    expect(resources).toMatchObject([{ name: 'a', message: { connectTimeout: { seconds: 1n } } }])
  })

  test('a type is needed from one side or the other, and both must agree', () => {
    expect(loadResources(wrapped, 'cds.json').errors[0].message).toBe('no "@type"')
    const typed = `[{"@type": "type.googleapis.com/${ListenerSchema.typeName}", "name": "a"}]`
    expect(loadResources(typed, 'cds.json', ClusterSchema).errors[0].message).toContain(
      'expected a envoy.config.cluster',
    )
    expect((loadResources(typed, 'lds.json').resources[0].message as Listener).name).toBe('a')
  })

  test('names are needed, unique, and the same inside and outside', () => {
    const text = `- resource: {name: a}\n- resource: {name: a}\n- {name: b, resource: {name: c}}\n- resource: {alt_stat_name: d}\n`
    expect(loadResources(text, 'cds.yaml', ClusterSchema).errors.map(formatConfigError)).toEqual([
      'cds.yaml:2:3: [1].resource: a second resource named "a" (keep one)',
      'cds.yaml:3:4: [2].name: the name is "c" inside the resource (make them equal)',
      'cds.yaml:4:3: [3].resource.name: value length must be at least 1 characters (give it a value)',
    ])
  })
})

describe('validation rules', () => {
  test('every rule that the descriptors carry is covered', () => {
    let count = 0
    for (const type of registry) {
      if (type.kind !== 'message') continue
      for (const field of type.fields) {
        if (!hasOption(field, rules)) continue
        const given = getOption(field, rules)
        const list = given.type.case === 'repeated' ? given.type.value.items : undefined
        const map = given.type.case === 'map' ? given.type.value : undefined
        expect(() => [given, list, map?.keys, map?.values].map((r) => compileCheck(r, field))).not.toThrow()
        expect(() => repeatedCheck(given)).not.toThrow()
        count++
      }
    }
    expect(count).toBeGreaterThan(500)
  })

  test.each([
    [
      'a missing choice',
      'load_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [{endpoint: {address: {}}}]}]}',
      'endpoints[0].lb_endpoints[0].endpoint.address.address: value is required',
    ],
    [
      'too many items',
      `transport_socket_matches: [${'{name: m},'.repeat(2)}], hidden_envoy_deprecated: 1`,
      'has no field',
    ],
    [
      'a header name',
      'ring_hash_lb_config: {minimum_ring_size: 9000000}',
      'minimum_ring_size: value must be at most 8388608',
    ],
    [
      'a percentage',
      'common_lb_config: {healthy_panic_threshold: {value: 101}}',
      'healthy_panic_threshold.value: value must be at least 0 and at most 100',
    ],
    ['a NaN', 'common_lb_config: {healthy_panic_threshold: {value: NaN}}', 'value must be at least 0'],
  ])('%s is judged', (_, fields, message) => {
    expect(errorsOf(cluster(fields)).join('\n')).toContain(message)
  })
})
