import { describe, expect, test } from '@jest/globals'
import { create, toJson } from '@bufbuild/protobuf'
import { AnySchema, StringValueSchema } from '@bufbuild/protobuf/wkt'
import { packAny } from './any.ts'
import { loadBootstrap } from './decode/load.ts'
import { registry } from './generated/descriptors.js'
import { BootstrapSchema } from './generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { TypedStructSchema } from './generated/xds/type/v3/typed_struct_pb.js'
import { printAny, printMessage } from './print.ts'

const YAML = `
node: {id: a, metadata: {n: ~, list: [1, {"__proto__": "x"}], t: true}}
stats_flush_interval: 0.250s
stats_server_version_override: 12345678901234567890
static_resources:
  clusters:
  - name: c
    lb_policy: RANDOM
    common_lb_config: {healthy_panic_threshold: {value: 0}}
    per_connection_buffer_limit_bytes: 0
    connect_timeout: 1.000001s
    metadata: {filter_metadata: {istio: {services: [{name: a}]}}}
    load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{load_balancing_weight: 3}]}]}
    transport_socket:
      name: tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        sni: x
        common_tls_context:
          tls_certificates:
          - certificate_chain: {inline_string: public}
            private_key: {inline_bytes: c2VjcmV0}
            password: {inline_string: secret}
  listeners:
  - name: l
    filter_chain_matcher:
      matcher_tree:
        input: {name: i, typed_config: {"@type": type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput}}
        exact_match_map:
          map: {"80": {action: {name: a, typed_config: {"@type": type.googleapis.com/google.protobuf.StringValue, value: chain}}}}
`

const { bootstrap, errors } = loadBootstrap(YAML, 'b.yaml')

describe('printMessage', () => {
  test('prints what protobuf prints, with the field names of the proto files', () => {
    expect(errors).toEqual([])
    const expected = toJson(BootstrapSchema, bootstrap, { useProtoFieldName: true, registry })
    expect(printMessage(BootstrapSchema, bootstrap, { redact: false })).toEqual(expected)
  })

  test('what is printed loads again as the same', () => {
    const text = JSON.stringify(printMessage(BootstrapSchema, bootstrap, { redact: false }))
    const again = loadBootstrap(text, 'b.json')
    expect(again.errors).toEqual([])
    expect(again.bootstrap).toEqual(bootstrap)
  })

  test('redacts what the API marks as sensitive, inside an Any too, and nothing else', () => {
    const text = JSON.stringify(printMessage(BootstrapSchema, bootstrap, { redact: true }))
    expect(text).not.toContain('c2VjcmV0')
    expect(text).not.toContain('secret')
    expect(text).toContain(
      '"private_key":{"inline_bytes":"W3JlZGFjdGVkXQ=="},"password":{"inline_string":"[redacted]"}',
    )
    expect(text).toContain('"certificate_chain":{"inline_string":"public"}')
  })

  test('redacts the key of a secret and the content of a generic one', () => {
    const secret = create(SecretSchema, {
      name: 's',
      type: { case: 'genericSecret', value: { secret: { specifier: { case: 'inlineString', value: 'x' } } } },
    })
    expect(printMessage(SecretSchema, secret, { redact: true })).toEqual({
      name: 's',
      generic_secret: { secret: { inline_string: '[redacted]' } },
    })
  })
})

describe('printAny', () => {
  test('a type with a JSON form of its own stands in "value"', () => {
    const any = packAny(StringValueSchema, create(StringValueSchema, { value: 'x' }))
    expect(printAny(any, { redact: false })).toEqual({
      '@type': 'type.googleapis.com/google.protobuf.StringValue',
      value: 'x',
    })
  })

  test('an unknown type is shown as bytes, which redaction hides', () => {
    const any = create(AnySchema, { typeUrl: 't/x.Y', value: new Uint8Array([1, 2]) })
    expect(printAny(any, { redact: false })).toEqual({ '@type': 't/x.Y', value: 'AQI=' })
    expect(printAny(any, { redact: true })).toEqual({ '@type': 't/x.Y', value: 'W3JlZGFjdGVkXQ==' })
  })

  test('a TypedStruct is printed as it came, and redacted by the type that it names', () => {
    const value = { name: 's', tls_certificate: { private_key: { inline_string: 'key' } } }
    const any = packAny(TypedStructSchema, create(TypedStructSchema, { typeUrl: `t/${SecretSchema.typeName}`, value }))
    expect(printAny(any, { redact: false })).toMatchObject({ value })
    expect(JSON.stringify(printAny(any, { redact: true }))).not.toContain('"key"')
  })
})
