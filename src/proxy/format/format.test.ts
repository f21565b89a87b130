import { fromJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { testConnection, testRequest, testResponse, testStream, testTls } from '../../../test/support/streams.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { SubstitutionFormatStringSchema } from '../../envoy/generated/envoy/config/core/v3/substitution_format_string_pb.js'
import { Problems } from '../../lib/problems.ts'
import { internalAddress, socketAddress } from '../stream/address.ts'
import { FilterState } from '../stream/filter-state.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { UpstreamInfo } from '../stream/upstream-info.ts'
import { compileFormat } from './compile-format.ts'
import { compileJsonFormat } from './json-format.ts'
import type { FormatEnvironment } from './operator.ts'
import { compileSubstitutionFormat } from './substitution-format-string.ts'

const environment: FormatEnvironment = {
  hostname: 'waypoint-1',
  variables: { HOME: '/root' },
  nowMs: () => 1_700_000_000_123,
}

const ENVOY_DEFAULT =
  '[%START_TIME%] "%REQUEST_HEADER(:METHOD)% %REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESPONSE_HEADER(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQUEST_HEADER(X-FORWARDED-FOR)%" "%REQUEST_HEADER(USER-AGENT)%" "%REQUEST_HEADER(X-REQUEST-ID)%" "%REQUEST_HEADER(:AUTHORITY)%" "%UPSTREAM_HOST%"\n'
const ISTIO_DEFAULT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n'

function compile(format: string, omitEmptyValues = false): (info: StreamInfo) => string {
  const problems = new Problems('format')
  const compiled = compileFormat(format, environment, problems, { omitEmptyValues })
  expect(problems.text()).toBe('')
  return compiled
}

function print(format: string, info: StreamInfo): string {
  return compile(format)(info)
}

/** A request that went through, with every fact set. */
function complete(): StreamInfo {
  const connection = testConnection(
    '10.0.0.1:80',
    '10.1.0.2:4000',
    testTls({ uriSans: ['spiffe://td/ns/a/sa/b', 'spiffe://x'], subject: 'CN=peer', validFromMs: 0, pem: 'a b' }),
  )
  connection.filterChainName = 'chain'
  const headers: [string, string][] = [
    ['x', 'x1'],
    ['x', 'x2'],
    ['empty', ''],
    ['user-agent', 'curl/8'],
    ['x-request-id', 'id-1'],
    ['w', 'q"\\/\tÃ©'],
    ['bad', '"\\\té'],
  ]
  const info = testRequest({ path: '/p?q=12&z', headers }, connection)
  testResponse(info, 200, ['x-r', 'r1', 'x-r', 'r2', 'x-envoy-upstream-service-time', '7'])
  info.responseCodeDetails = 'via_upstream'
  info.requestId = 'id-1'
  info.bytesSent = 5
  info.lastDownstreamRxByteReceivedMs = 1001.9
  info.firstDownstreamTxByteSentMs = 1007.2
  info.lastDownstreamTxByteSentMs = 1008.5
  info.requestCompleteMs = 1009.99
  info.route = { name: 'rt', metadata: new Map([['istio', { config: '/apis/x' }]]) }
  info.cluster = { name: 'c', observabilityName: 'calt', metadata: new Map() }
  info.attemptCount = 1
  info.upstream = new UpstreamInfo()
  info.upstream.host = {
    address: internalAddress('connect_originate', '10.2.0.3:80'),
    hostname: '',
    metadata: new Map([['m', { k: [1, 'a'] }]]),
  }
  info.upstream.localAddress = socketAddress('::1', 5000)
  info.upstream.protocol = 'HTTP/2'
  info.upstream.firstRxByteReceivedMs = 1006.25
  info.upstream.lastTxByteSentMs = 1003
  info.dynamicMetadata.merge('ns', {
    s: 'str"q',
    n: 1.5,
    i: 3,
    b: true,
    z: null,
    l: [1, 'a'],
    o: { b: 1, a: 'x' },
    u: 'é',
  })
  info.filterState.set({ key: 'k1', value: 'x1 "q"', lifeSpan: 'request', sharing: 'none', readOnly: false })
  return info
}

describe('a log line', () => {
  test('in Envoy’s default format', () => {
    expect(print(ENVOY_DEFAULT, complete())).toBe(
      '[2016-04-15T20:17:00.310Z] "GET /p?q=12&z HTTP/1.1" 200 - 0 5 9 7 "-" "curl/8" "id-1" "example.com" "envoy://connect_originate/10.2.0.3:80"\n',
    )
  })

  test('in Istio’s default format', () => {
    expect(print(ISTIO_DEFAULT, complete())).toBe(
      '[2016-04-15T20:17:00.310Z] "GET /p?q=12&z HTTP/1.1" 200 - via_upstream - "-" 0 5 9 7 "-" "curl/8" "id-1" "example.com" "envoy://connect_originate/10.2.0.3:80" c [::1]:5000 10.0.0.1:80 10.1.0.2:4000 sni.example.com rt\n',
    )
  })

  test('of a TCP connection of which little is known', () => {
    const info = testStream()
    info.connection.terminationDetails = 'rbac_access_denied_matched_policy[none]'
    info.setResponseFlag('UF')
    info.setResponseFlag('URX')
    info.setResponseFlag('UF')
    expect(print(ISTIO_DEFAULT, info)).toBe(
      '[2016-04-15T20:17:00.310Z] "- - -" 0 UF,URX - rbac_access_denied_matched_policy[none] "-" 0 0 - - "-" "-" "-" "-" "-" - - 10.0.0.1:80 10.1.0.2:4000 - -\n',
    )
  })
})

// The expected texts are Envoy 1.40's own wherever it could be asked.
describe('the operator', () => {
  const info = complete()
  test.each([
    ['%REQ(X)%', 'x1'],
    ['%REQ(X):1%', 'x'],
    ['%REQ(X):0%', ''],
    ['%REQ(NONE?X):2%', 'x1'],
    ['%REQ(EMPTY?X)%', ''],
    ['%REQ(HOST)%', 'example.com'],
    ['%RESP(X-R)%', 'r1'],
    ['%RESP(:STATUS)%', '200'],
    ['%RESPONSE_HEADER(nope)%', '-'],
    ['%TRAILER(x)%', '-'],
    ['%START_TIME(%Y/%m/%dT%H:%M:%S.%3fZ)%', '2016/04/15T20:17:00.310Z'],
    ['%START_TIME(%s.%6f|%f|%1f|%E3S|%E2f)%', '1460751420.310000|310000000|3|00.310|31'],
    [
      '%START_TIME(%a %A %b %B %c %C %D %e %F %g %G %h %I %j %k %l)%',
      'Fri Friday Apr April Fri Apr 15 20:17:00 2016 20 04/15/16 15 2016-04-15 16 2016 Apr 08 106 20  8',
    ],
    [
      '%START_TIME(%M %p %P %r %R %S %T %u %U %V %w %W %x %X %y %z %Ez %Z %%)%',
      '17 PM pm 08:17:00 PM 20:17 00 20:17:00 5 15 15 5 15 04/15/16 20:17:00 16 +0000 +00:00 UTC %',
    ],
    ['%EMIT_TIME%', '2023-11-14T22:13:20.123Z'],
    ['%UPSTREAM_PROTOCOL%', 'HTTP/2'],
    ['%RESPONSE_FLAGS_LONG%%CUSTOM_FLAGS%', '-'],
    [
      '%REQUEST_HEADERS_BYTES%',
      String(1 + 2 + 1 + 2 + 5 + 10 + 6 + 12 + 4 + 1 + 7 + 3 + 4 + (7 + 3) + (10 + 11) + (7 + 4) + (5 + 9)),
    ],
    ['%RESPONSE_HEADERS_BYTES%', String(3 + 2 + 3 + 2 + 29 + 1 + 10)],
    ['%REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '1 3 6 2'],
    ['%COMMON_DURATION(DS_RX_BEG:US_RX_BEG:us)%', '6250'],
    ['%COMMON_DURATION(US_RX_BEG:DS_RX_BEG:us)%', '-'],
    ['%COMMON_DURATION(US_CX_BEG:US_CX_END:ms)%', '-'],
    ['%UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW% %UPSTREAM_REQUEST_ATTEMPT_COUNT%', 'calt c 1'],
    ['%UPSTREAM_HOST_NAME_WITHOUT_PORT%', 'envoy://connect_originate/10.2.0.3:80'],
    ['%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %UPSTREAM_LOCAL_PORT%', '::1 5000'],
    ['%UPSTREAM_REMOTE_ADDRESS%', '-'],
    ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%', '10.1.0.2'],
    ['%STREAM_ID% %HOSTNAME% %FILTER_CHAIN_NAME% %ACCESS_LOG_TYPE%', 'id-1 waypoint-1 chain NotSet'],
    ['%REQUESTED_SERVER_NAME(HOST_FIRST)%', 'example.com'],
    [
      '%DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_PEER_SUBJECT% %DOWNSTREAM_LOCAL_URI_SAN%',
      'spiffe://td/ns/a/sa/b,spiffe://x CN=peer -',
    ],
    [
      '%DOWNSTREAM_PEER_CERT% %DOWNSTREAM_PEER_CERT_V_START% %DOWNSTREAM_PEER_CERT_V_END(%F)%',
      'a%20b 1970-01-01T00:00:00.000Z 1970-01-01',
    ],
    ['%DOWNSTREAM_TLS_VERSION% %UPSTREAM_TLS_VERSION%', 'TLSv1.3 -'],
    ['%ENVIRONMENT(HOME):2% %ENVIRONMENT(NOPE)%', '/r -'],
    ['%QUERY_PARAM(q)% %QUERY_PARAM(q):1% [%QUERY_PARAM(z)%] %QUERY_PARAM(n)% %QUERY_PARAMS%', '12 1 [] - q=12&z'],
    ['%PATH% %PATH(NQ)% %PATH(NQ:ORIG)% %PATH(WQ:PATH):3%', '/p?q=12&z /p - /p?'],
    [
      '%FILTER_STATE(k1)% %FILTER_STATE(k1:PLAIN)% %FILTER_STATE(k1:PLAIN):3% %FILTER_STATE(k1):3%',
      '"x1 \\"q\\"" x1 "q" x1  "x1',
    ],
    ['%FILTER_STATE(nope)% %UPSTREAM_FILTER_STATE(k1)%', '- -'],
    [
      '%DYNAMIC_METADATA(ns:s)% %DYNAMIC_METADATA(ns:n)% %DYNAMIC_METADATA(ns:b)% %DYNAMIC_METADATA(ns:z)%',
      'str"q 1.5 true -',
    ],
    [
      '%DYNAMIC_METADATA(ns:l)% %DYNAMIC_METADATA(ns:o)% %DYNAMIC_METADATA(ns:o:a)% %DYNAMIC_METADATA(ns:s:x)%',
      '[1,"a"] {"a":"x","b":1} x -',
    ],
    ['%DYNAMIC_METADATA(ns:o):4% %DYNAMIC_METADATA(nope)%', '{"a" -'],
    ['%DYNAMIC_METADATA(ns:u)%', 'Ã©'],
    ['%METADATA(DYNAMIC:ns:i)% %METADATA(ROUTE:istio:config)% %METADATA(UPSTREAM_HOST:m:k)%', '3 /apis/x [1,"a"]'],
    ['%GRPC_STATUS% %GRPC_STATUS_NUMBER%', '- -'],
    ['a%%b é', 'a%b Ã©'],
    ['', ''],
  ])('%s', (format, expected) => {
    expect(print(format, info)).toBe(expected)
  })

  test('%UNIQUE_ID% stays the same for one stream', () => {
    const once = print('%UNIQUE_ID%', info)
    expect(once).toMatch(/^[0-9a-f-]{36}$/)
    expect(print('%UNIQUE_ID%', info)).toBe(once)
    expect(print('%UNIQUE_ID%', complete())).not.toBe(once)
  })

  test.each([
    [['grpc-status', '0'], undefined, 200, 'OK OK 0'],
    [[], ['grpc-status', '1'], 200, 'Canceled CANCELLED 1'],
    [[], ['grpc-status', '4'], 200, 'DeadlineExceeded DEADLINE_EXCEEDED 4'],
    [[], ['grpc-status', '99'], 200, '99 99 99'],
    [[], undefined, 503, 'Unavailable UNAVAILABLE 14'],
    [[], undefined, 404, 'Unimplemented UNIMPLEMENTED 12'],
    [[], undefined, 200, '- - -'],
  ])('%%GRPC_STATUS%% of headers %j, trailers %j, status %i is %s', (headers, trailers, status, expected) => {
    const call = testResponse(
      testRequest({ headers: [['content-type', 'application/grpc+proto']] }),
      status,
      headers,
      trailers,
    )
    expect(print('%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)%', call)).toBe(expected)
  })

  test('prints missing values as nothing where they are omitted', () => {
    const format = compile('%REQ(NOPE)%|%REQ(X)%|%RESPONSE_FLAGS%|%GRPC_STATUS%', true)
    expect(format(info)).toBe('|x1|-|')
  })

  test('%UPSTREAM_FILTER_STATE% reads the upstream connection’s', () => {
    const other = complete()
    other.upstream.filterState = new FilterState()
    other.upstream.filterState.set({ key: 'u', value: 'v', lifeSpan: 'connection', sharing: 'none', readOnly: false })
    expect(print('%UPSTREAM_FILTER_STATE(u:PLAIN)%', other)).toBe('v')
  })
})

describe('a format', () => {
  test.each([
    ['100%', 'position 3'],
    ['%', 'position 0'],
    ['%%%', 'position 2'],
    ['a%b', 'position 1'],
    ['%REQ(X)', 'position 0'],
    ['%REQ(X)% %', 'position 9'],
    ['%req(X)%', 'position 0'],
    ['%REQ(X):%', 'position 0'],
    ['%REQ(X):99999999999999999999%', 'position 0'],
    ['x %BOGUS%', '%BOGUS% at position 2 is not supported'],
    ['%CEL(request.path)%', '%CEL% at position 0 is not supported'],
    ['%REQ_WITHOUT_QUERY(:PATH)%', 'not supported'],
    ['%REQ%', 'REQ requires parameters'],
    ['%REQ()%', 'REQ requires parameters'],
    ['%REQ(A?B?C)%', 'more than 1 alternative'],
    ['%REQ(X Y)%', '"X Y" is not the name of a header'],
    ['%REQ(X(1))%', 'is not the name of a header'],
    ['%PROTOCOL(X)%', 'does not take any parameters or length'],
    ['%DURATION:1%', 'does not take any parameters or length'],
    ['%START_TIME:4%', 'does not allow length'],
    ['%START_TIME(%Q)%', '"%Q"'],
    ['%START_TIME(%n)%', '"%n"'],
    ['%START_TIME(a\nb)%', 'newline'],
    ['%FILTER_STATE%', 'key cannot be empty'],
    ['%FILTER_STATE(a:BOGUS)%', 'BOGUS'],
    ['%FILTER_STATE(a:FIELD:x)%', 'FIELD is not supported'],
    ['%DYNAMIC_METADATA%', 'requires parameters'],
    ['%METADATA(X:a)%', 'DYNAMIC, CLUSTER'],
    ['%GRPC_STATUS(X)%', 'only supports'],
    ['%PATH(X)%', 'only WQ and NQ'],
    ['%PATH(WQ:X)%', 'only ORIG, PATH'],
    ['%COMMON_DURATION(DS_RX_BEG)%', 'needs (FROM:TO'],
    ['%REQUESTED_SERVER_NAME(X)%', 'SNI_ONLY'],
    ['%QUERY_PARAM%', 'requires parameters'],
    ['%ENVIRONMENT()%', 'requires parameters'],
  ])('%s is refused', (format, message) => {
    const problems = new Problems('access_log[0]')
    compileFormat(format, environment, problems)
    expect(problems.list).toEqual([{ path: 'access_log[0]', message: expect.stringContaining(message) }])
  })

  test.each(['%PROTOCOL()%', '%START_TIME()%', '%REQ(X?)%', '%REQ(?X)%', 'x%%REQ(X)%%'])('%s is accepted', (format) => {
    compile(format)
  })

  test('as a message says where its text comes from and what is omitted', () => {
    const json = { textFormatSource: { inlineString: '[%REQ(NOPE)%]' }, omitEmptyValues: true }
    const problems = new Problems('log_format')
    const format = compileSubstitutionFormat(fromJson(SubstitutionFormatStringSchema, json), environment, problems)
    expect(format(complete())).toBe('[]')
    compileSubstitutionFormat(
      fromJson(SubstitutionFormatStringSchema, { textFormatSource: { filename: '/x' } }),
      environment,
      problems,
    )
    compileSubstitutionFormat(fromJson(SubstitutionFormatStringSchema, {}), environment, problems)
    const extension = {
      name: 'cel',
      typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.formatter.cel.v3.Cel' },
    }
    compileSubstitutionFormat(
      fromJson(SubstitutionFormatStringSchema, { textFormat: '', formatters: [extension] }, { registry }),
      environment,
      problems,
    )
    expect(problems.list.map((problem) => problem.path)).toEqual([
      'log_format.text_format_source',
      'log_format',
      'log_format.formatters[0]',
    ])
  })
})

describe('a JSON format', () => {
  const format = {
    num: '%RESPONSE_CODE%',
    miss: '%REQ(NOPE)%',
    mix: 'a %RESPONSE_CODE% b',
    missmix: 'x%REQ(NOPE)%',
    nest: { b: 1, a: '%ROUTE_NAME%', c: {} },
    list: ['%REQ(X)%', true, null, 1.5, []],
    flags: '%RESPONSE_FLAGS%',
    start: '%START_TIME(%s)%',
    lit: 'é',
    sp: ' %RESPONSE_CODE%',
    dm: '%DYNAMIC_METADATA(ns:o)%',
    cut: '%DYNAMIC_METADATA(ns:o):4%',
    fs: '%FILTER_STATE(k1):3%',
    valid: '%REQ(W)%',
    invalid: '%REQ(BAD)%',
    percent: '%%',
  }

  function render(omitEmptyValues: boolean): string {
    const problems = new Problems()
    const compiled = compileJsonFormat(format, environment, problems, omitEmptyValues)
    expect(problems.text()).toBe('')
    return Buffer.from(compiled(complete()), 'latin1').toString('utf8')
  }

  test('keeps types, sorts keys, writes null for what is missing', () => {
    expect(render(false)).toBe(
      '{"cut":{"a":"x","b":1},"dm":{"a":"x","b":1},"flags":"-","fs":"x1 \\"q\\"","invalid":"\\u0022\\u005c\\u0009\\u00e9","list":["x1",true,null,1.5,[]],"lit":"é","miss":null,"missmix":"x-","mix":"a 200 b","nest":{"a":"rt","b":1,"c":{}},"num":200,"percent":"%","sp":" 200","start":"1460751420","valid":"q\\"\\\\/\\té"}\n',
    )
  })

  test('leaves out what is missing where that is asked', () => {
    expect(render(true)).toBe(
      '{"cut":{"a":"x","b":1},"dm":{"a":"x","b":1},"flags":"-","fs":"x1 \\"q\\"","invalid":"\\u0022\\u005c\\u0009\\u00e9","list":["x1",true,1.5,[]],"lit":"é","missmix":"x","mix":"a 200 b","nest":{"a":"rt","b":1},"num":200,"percent":"%","sp":" 200","start":"1460751420","valid":"q\\"\\\\/\\té"}\n',
    )
  })

  test('says where an operator is wrong', () => {
    const problems = new Problems('json_format')
    compileJsonFormat({ a: { b: ['%NOPE%'] } }, environment, problems, false)
    expect(problems.list.map((problem) => problem.path)).toEqual(['json_format["a"]["b"][0]'])
  })
})
