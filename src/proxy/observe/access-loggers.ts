// AccessLog of envoy.config.accesslog.v3: each message becomes a logger that holds a filter, a format and a sink.

import type { JsonObject } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import { unpackAny } from '../../envoy/any.ts'
import type { AccessLog } from '../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js'
import type { SubstitutionFormatString } from '../../envoy/generated/envoy/config/core/v3/substitution_format_string_pb.js'
import type { FileAccessLog } from '../../envoy/generated/envoy/extensions/access_loggers/file/v3/file_pb.js'
import { FileAccessLogSchema } from '../../envoy/generated/envoy/extensions/access_loggers/file/v3/file_pb.js'
import type {
  StderrAccessLog,
  StdoutAccessLog,
} from '../../envoy/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js'
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '../../envoy/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { Random } from '../../lib/random.ts'
import { compileFormat } from '../format/compile-format.ts'
import type { Format } from '../format/compile-format.ts'
import { compileJsonFormat } from '../format/json-format.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { compileSubstitutionFormat } from '../format/substitution-format-string.ts'
import type { AccessLogger } from '../http/access-logger.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { compileAccessLogFilter } from './access-log-filter.ts'
import type { AccessLogTest } from './access-log-filter.ts'
import type { AccessLogSink } from './access-log-sink.ts'

export interface AccessLoggerDeps {
  readonly formats: FormatEnvironment
  /** For runtime filters. */
  readonly random: Random
  /** The sink of a file; the same for every logger that names the path. */
  sink(path: string): AccessLogSink
}

/** Envoy's default format, which is one line. */
const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQUEST_HEADER(:METHOD)% %REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESPONSE_HEADER(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQUEST_HEADER(X-FORWARDED-FOR)%" ' +
  '"%REQUEST_HEADER(USER-AGENT)%" "%REQUEST_HEADER(X-REQUEST-ID)%" "%REQUEST_HEADER(:AUTHORITY)%" "%UPSTREAM_HOST%"\n'

/** Where a logger's lines go and what they say; undefined when that could not be compiled. */
interface Output {
  readonly path: string
  readonly format: Format
}

type OutputFactory = (config: never, formats: FormatEnvironment, problems: Problems) => Output | undefined

/** By the type of the configuration. */
const OUTPUTS: ReadonlyMap<string, OutputFactory> = new Map<string, OutputFactory>([
  [FileAccessLogSchema.typeName, fileOutput],
  [StdoutAccessLogSchema.typeName, streamOutput('/dev/stdout')],
  [StderrAccessLogSchema.typeName, streamOutput('/dev/stderr')],
])

/** In the order of the configuration, in which they log. Sinks are only asked for when everything else is right. */
export function compileAccessLoggers(
  messages: readonly AccessLog[],
  deps: AccessLoggerDeps,
  problems: Problems,
): AccessLogger[] {
  const loggers: AccessLogger[] = []
  for (const [i, message] of messages.entries()) {
    const logger = compileAccessLogger(message, deps, problems.at(i))
    if (logger !== undefined) loggers.push(logger)
  }
  return loggers
}

function compileAccessLogger(message: AccessLog, deps: AccessLoggerDeps, problems: Problems): AccessLogger | undefined {
  const before = problems.list.length
  const filter = message.filter && compileAccessLogFilter(message.filter, deps.random, problems.at('filter'))
  const config = message.configType.value
  if (config === undefined) {
    problems.at('typed_config').add(`the access logger "${message.name}" has no configuration that says what it is`)
    return undefined
  }
  const output = compileOutput(config, message.name, deps.formats, problems.at('typed_config'))
  if (output === undefined || problems.list.length > before) return undefined
  return new FormattedLogger(filter, output.format, deps.sink(output.path))
}

function compileOutput(config: Any, name: string, formats: FormatEnvironment, problems: Problems): Output | undefined {
  const { typeName, message } = unpackAny(config)
  const factory = OUTPUTS.get(typeName)
  if (factory === undefined || message === undefined) {
    problems.add(`${typeName} of the access logger "${name}" is not supported`)
    return undefined
  }
  // The message is of the type that chose the factory.
  return factory(message as never, formats, problems)
}

function fileOutput(config: FileAccessLog, formats: FormatEnvironment, problems: Problems): Output | undefined {
  if (config.path === '') problems.at('path').add('an access log needs the path of a file')
  return { path: config.path, format: fileFormat(config.accessLogFormat, formats, problems) }
}

function fileFormat(choice: FileAccessLog['accessLogFormat'], formats: FormatEnvironment, problems: Problems): Format {
  switch (choice.case) {
    case 'format': {
      // Deprecated; an empty one means the default here, and only here.
      const text = choice.value === '' ? DEFAULT_FORMAT : choice.value
      return compileFormat(text, formats, problems.at('format'))
    }
    case 'jsonFormat':
      return jsonFormat(choice.value, formats, problems.at('json_format'))
    case 'typedJsonFormat':
      return jsonFormat(choice.value, formats, problems.at('typed_json_format'))
    default:
      return formatOrDefault(choice.value, formats, problems)
  }
}

function jsonFormat(format: JsonObject, formats: FormatEnvironment, problems: Problems): Format {
  return compileJsonFormat(format, formats, problems, false)
}

function streamOutput(path: string) {
  return (
    config: StdoutAccessLog | StderrAccessLog,
    formats: FormatEnvironment,
    problems: Problems,
  ): Output | undefined => ({ path, format: formatOrDefault(config.accessLogFormat.value, formats, problems) })
}

function formatOrDefault(
  format: SubstitutionFormatString | undefined,
  formats: FormatEnvironment,
  problems: Problems,
): Format {
  return format === undefined
    ? compileFormat(DEFAULT_FORMAT, formats, problems)
    : compileSubstitutionFormat(format, formats, problems.at('log_format'))
}

class FormattedLogger implements AccessLogger {
  private readonly filter: AccessLogTest | undefined
  private readonly format: Format
  private readonly sink: AccessLogSink

  constructor(filter: AccessLogTest | undefined, format: Format, sink: AccessLogSink) {
    this.filter = filter
    this.format = format
    this.sink = sink
  }

  log(info: StreamInfo): void {
    const { filter, format } = this
    if (filter === undefined || filter(info)) this.sink.write(format(info))
  }
}
