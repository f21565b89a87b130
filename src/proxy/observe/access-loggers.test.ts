import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { testRequest, testResponse, testStream } from '../../../test/support/streams.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { AccessLogSchema } from '../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js'
import { Problems } from '../../lib/problems.ts'
import { seededRandom } from '../../lib/random.ts'
import { AccessLogBatcher } from '../../telemetry/access-log-batch.ts'
import type { ResponseFlag } from '../stream/response-flags.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileAccessLoggers } from './access-loggers.ts'

const TYPES = 'type.googleapis.com/envoy.extensions.access_loggers'
const FILE = `${TYPES}.file.v3.FileAccessLog`

/** Compiles loggers into memory: path -> lines. */
function compile(messages: JsonValue[]) {
  const files = new Map<string, string[]>()
  const problems = new Problems('access_log')
  const loggers = compileAccessLoggers(
    messages.map((message) => fromJson(AccessLogSchema, message, { registry })),
    {
      formats: { hostname: 'h', variables: {}, nowMs: () => 0 },
      random: seededRandom(7),
      sink: (path) => {
        const lines = files.get(path) ?? []
        files.set(path, lines)
        return { write: (line) => lines.push(line) }
      },
    },
    problems,
  )
  return { loggers, files, problems }
}

function fileLog(fields: JsonObject = {}, filter?: JsonObject): JsonObject {
  return { name: 'log', typed_config: { '@type': FILE, path: '/a', ...fields }, ...(filter && { filter }) }
}

/** What one logger writes for one stream. */
function linesOf(message: JsonObject, info: StreamInfo): string[] {
  const { loggers, files, problems } = compile([message])
  expect(problems.text()).toBe('')
  for (const logger of loggers) logger.log(info)
  return [...files.values()].flat()
}

function isLogged(filter: JsonObject, info: StreamInfo): boolean {
  return linesOf(fileLog({ format: 'x' }, filter), info).length === 1
}

function response(status: number, fields: string[] = [], trailers?: string[]): StreamInfo {
  return testResponse(testRequest({}), status, fields, trailers)
}

describe('access loggers', () => {
  test("print Envoy's default line when no format is given, or an empty one", () => {
    const headers: [string, string][] = [
      ['user-agent', 'curl/8'],
      ['x-request-id', 'id-1'],
    ]
    const info = testResponse(testRequest({ path: '/p?q', headers }), 200)
    info.requestCompleteMs = info.startMs + 12.9
    const line = '[2016-04-15T20:17:00.310Z] "GET /p?q HTTP/1.1" 200 - 0 0 12 - "-" "curl/8" "id-1" "example.com" "-"\n'
    expect(linesOf(fileLog(), info)).toEqual([line])
    expect(linesOf(fileLog({ format: '' }), info)).toEqual([line])
    expect(linesOf({ name: 'x', typed_config: { '@type': `${TYPES}.stream.v3.StdoutAccessLog` } }, info)).toEqual([
      line,
    ])
  })

  test('print each of the formats that a file log can have', () => {
    const info = response(200)
    expect(linesOf(fileLog({ format: 'old %RESPONSE_CODE%\n' }), info)).toEqual(['old 200\n'])
    expect(linesOf(fileLog({ json_format: { b: '%RESPONSE_CODE%', a: 'x' } }), info)).toEqual(['{"a":"x","b":200}\n'])
    expect(linesOf(fileLog({ typed_json_format: { a: '%REQ(nope)%' } }), info)).toEqual(['{"a":null}\n'])
    const source = { log_format: { text_format_source: { inline_string: 'new %PROTOCOL%\n' } } }
    expect(linesOf(fileLog(source), info)).toEqual(['new HTTP/1.1\n'])
  })

  test('a text format writes no newline of its own', () => {
    const source = { log_format: { text_format_source: { inline_string: '%RESPONSE_CODE%;' } } }
    expect(linesOf(fileLog(source), response(200))).toEqual(['200;'])
  })

  test('write to their files, stdout and stderr in the order of the configuration', () => {
    const { loggers, files, problems } = compile([
      fileLog({ format: '1' }),
      { name: 'o', typed_config: { '@type': `${TYPES}.stream.v3.StdoutAccessLog` } },
      { name: 'e', typed_config: { '@type': `${TYPES}.stream.v3.StderrAccessLog` } },
      fileLog({ format: '2' }),
    ])
    expect(problems.text()).toBe('')
    for (const logger of loggers) logger.log(response(200))
    expect([...files.keys()]).toEqual(['/a', '/dev/stdout', '/dev/stderr'])
    expect(files.get('/a')).toEqual(['1', '2'])
  })

  test('octets that a client sent reach the file as they came, UTF-8 or not', () => {
    const sent: Buffer[] = []
    const batcher = new AccessLogBatcher('p', ({ buffer, length }) => sent.push(Buffer.from(buffer, 0, length)))
    // One character per octet: é in UTF-8, then an octet that is not UTF-8.
    const [line] = linesOf(fileLog({ format: 'ü %REQ(x)%\n' }), testRequest({ headers: [['x', '\xc3\xa9\xff']] }))
    batcher.write(line)
    batcher.flush()
    expect(Buffer.concat(sent)).toEqual(Buffer.from([0xc3, 0xbc, 0x20, 0xc3, 0xa9, 0xff, 0x0a]))
  })

  test('every mistake is noted with its place, and then no sink is asked for', () => {
    const { loggers, files, problems } = compile([
      fileLog({ format: '%NOPE%' }),
      fileLog({ path: '' }),
      { name: 'empty' },
      { name: 'header', typed_config: { '@type': 'type.googleapis.com/envoy.config.route.v3.HeaderMatcher' } },
      fileLog({}, { traceable_filter: {} }),
      fileLog({}, { extension_filter: { name: 'cel' } }),
      fileLog({}, { or_filter: { filters: [{ response_flag_filter: { flags: ['UF', 'XX'] } }] } }),
      fileLog({}, {}),
      fileLog({}, { status_code_filter: {} }),
      fileLog({}, { metadata_filter: { matcher: { filter: 'n', value: { bool_match: true }, invert: true } } }),
    ])
    expect([loggers, files.size]).toEqual([[], 0])
    expect(problems.list.map(({ path }) => path)).toEqual([
      'access_log[0].typed_config.format',
      'access_log[1].typed_config.path',
      'access_log[2].typed_config',
      'access_log[3].typed_config',
      'access_log[4].filter.traceable_filter',
      'access_log[5].filter.extension_filter',
      'access_log[6].filter.or_filter.filters[0].response_flag_filter.flags[1]',
      'access_log[7].filter',
      'access_log[8].filter.status_code_filter.comparison',
      'access_log[9].filter.metadata_filter.matcher.invert',
    ])
    expect(problems.list[5].message).toBe('the access log filter "cel" (no type) is not supported')
  })
})

describe('filters of access logs', () => {
  test.each([
    ['EQ', [false, true, false]],
    ['GE', [false, true, true]],
    ['LE', [true, true, false]],
    ['NE', [true, false, true]],
  ])('status_code_filter with %s compares the status, 0 when there is none', (op, expected) => {
    const filter = { status_code_filter: { comparison: { op, value: { default_value: 400, runtime_key: 'k' } } } }
    expect([0, 400, 401].map((status) => isLogged(filter, response(status)))).toEqual(expected)
  })

  test('duration_filter compares whole milliseconds, and a stream that is not over has none', () => {
    const filter = { duration_filter: { comparison: { op: 'GE', value: { default_value: 10 } } } }
    const durations = [9.9, 10, 10.1].map((ms) => {
      const info = response(200)
      info.requestCompleteMs = info.startMs + ms
      return isLogged(filter, info)
    })
    expect(durations).toEqual([false, true, true])
    expect(isLogged({ duration_filter: { comparison: { op: 'LE', value: {} } } }, response(200))).toBe(false)
  })

  test('response_flag_filter asks for one of its flags, or for any when it names none', () => {
    const flagged = (...flags: ResponseFlag[]): StreamInfo => {
      const info = testStream()
      for (const flag of flags) info.setResponseFlag(flag)
      return info
    }
    const filter = { response_flag_filter: { flags: ['UF', 'NR'] } }
    expect([flagged(), flagged('UH'), flagged('UH', 'NR')].map((info) => isLogged(filter, info))).toEqual([
      false,
      false,
      true,
    ])
    expect([flagged(), flagged('UH')].map((info) => isLogged({ response_flag_filter: {} }, info))).toEqual([
      false,
      true,
    ])
  })

  test('not_health_check_filter leaves health checks out', () => {
    const info = response(200)
    info.isHealthCheck = true
    expect([response(200), info].map((one) => isLogged({ not_health_check_filter: {} }, one))).toEqual([true, false])
  })

  test('header_filter tests the request headers, and a TCP stream as a request without any', () => {
    const header = { name: 'x', string_match: { exact: '1' } }
    const with1 = testRequest({ headers: [['x', '1']] })
    const streams = [with1, testRequest({}), testStream()]
    expect(streams.map((info) => isLogged({ header_filter: { header } }, info))).toEqual([true, false, false])
    const inverted = { header_filter: { header: { name: 'x', present_match: true, invert_match: true } } }
    expect(streams.map((info) => isLogged(inverted, info))).toEqual([false, true, true])
  })

  test('and_filter and or_filter combine others', () => {
    const filters: JsonObject[] = [{ not_health_check_filter: {} }, { response_flag_filter: { flags: ['UF'] } }]
    const clean = response(200)
    const failed = response(503)
    failed.setResponseFlag('UF')
    const check = response(200)
    check.isHealthCheck = true
    const streams = [clean, failed, check]
    expect(streams.map((info) => isLogged({ and_filter: { filters } }, info))).toEqual([false, true, false])
    expect(streams.map((info) => isLogged({ or_filter: { filters } }, info))).toEqual([true, true, false])
  })

  test('grpc_status_filter takes the status from trailers, else headers, else from the HTTP status', () => {
    const filter = { grpc_status_filter: { statuses: ['UNAVAILABLE', 'CANCELED'] } }
    const streams = [
      response(200, ['grpc-status', '0'], ['grpc-status', '14']),
      response(200, ['grpc-status', '1']),
      response(503),
      response(200, ['grpc-status', '0']),
      response(200),
    ]
    expect(streams.map((info) => isLogged(filter, info))).toEqual([true, true, true, false, false])
    const others = { grpc_status_filter: { ...filter.grpc_status_filter, exclude: true } }
    expect(streams.map((info) => isLogged(others, info))).toEqual([false, false, false, true, true])
    // Nothing tells the status of a plain 200: unknown.
    expect(isLogged({ grpc_status_filter: { statuses: ['UNKNOWN'] } }, response(200))).toBe(true)
  })

  test('metadata_filter tests dynamic metadata, and lets through what has none unless told otherwise', () => {
    const matcher = { filter: 'ns', path: [{ key: 'a' }, { key: 'b' }], value: { bool_match: true } }
    const streams = [true, false, undefined].map((b) => {
      const info = response(200)
      if (b !== undefined) info.dynamicMetadata.merge('ns', { a: { b } })
      return info
    })
    expect(streams.map((info) => isLogged({ metadata_filter: { matcher } }, info))).toEqual([true, false, true])
    const strict = { metadata_filter: { matcher, match_if_key_not_found: false } }
    expect(streams.map((info) => isLogged(strict, info))).toEqual([true, false, false])
  })

  test('log_type_filter tells entries of requests from those of connections', () => {
    const tcp = testStream()
    tcp.accessLogType = 'TcpConnectionEnd'
    const http = response(200)
    http.accessLogType = 'DownstreamEnd'
    const filter = { log_type_filter: { types: ['TcpConnectionEnd', 'TcpPeriodic'] } }
    expect([tcp, http].map((info) => isLogged(filter, info))).toEqual([true, false])
    const others = { log_type_filter: { ...filter.log_type_filter, exclude: true } }
    expect([tcp, http].map((info) => isLogged(others, info))).toEqual([false, true])
  })

  test('runtime_filter samples by the request id, so that the same requests are logged everywhere', () => {
    const percent = (numerator: number) => ({
      runtime_filter: { runtime_key: 'k', percent_sampled: { numerator, denominator: 'HUNDRED' } },
    })
    const withId = (requestId: string): StreamInfo => {
      const info = response(200)
      info.requestId = requestId
      return info
    }
    // 0x64 = 100, 0x9f = 159: 0 and 59 of a hundred.
    const streams = [withId('00000064-aaaa'), withId('0000009f-aaaa')]
    expect(streams.map((info) => isLogged(percent(59), info))).toEqual([true, false])
    expect(streams.map((info) => isLogged(percent(60), info))).toEqual([true, true])
    expect(isLogged({ runtime_filter: { runtime_key: 'k' } }, streams[0])).toBe(false)
  })

  test('runtime_filter leaves it to chance where there is no id, or when it is told to', () => {
    const share = (independent: boolean, requestId: string): number => {
      const { loggers, files } = compile([
        fileLog(
          { format: 'x' },
          {
            runtime_filter: {
              runtime_key: 'k',
              percent_sampled: { numerator: 25, denominator: 'HUNDRED' },
              use_independent_randomness: independent,
            },
          },
        ),
      ])
      const info = response(200)
      info.requestId = requestId
      for (let i = 0; i < 4000; i++) loggers[0].log(info)
      return (files.get('/a') ?? []).length / 4000
    }
    expect(share(false, '')).toBeCloseTo(0.25, 1)
    expect(share(true, '00000000')).toBeCloseTo(0.25, 1)
    expect(share(false, '00000000')).toBe(1)
  })
})
