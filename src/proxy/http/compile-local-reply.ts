// envoy.extensions.filters.network.http_connection_manager.v3.LocalReplyConfig as a LocalReplyRewrite.

import type { AccessLogFilter } from '../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js'
import type { SubstitutionFormatString } from '../../envoy/generated/envoy/config/core/v3/substitution_format_string_pb.js'
import type {
  LocalReplyConfig,
  ResponseMapper as ResponseMapperMessage,
} from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { textOf } from '../cluster/compile-tls.ts'
import { compileHeaderMutation } from '../format/header-mutation.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { compileSubstitutionFormat } from '../format/substitution-format-string.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { LocalReplyRewrite } from './local-reply-rewrite.ts'
import type { BodyFormat, ResponseMapper } from './local-reply-rewrite.ts'

export interface LocalReplyDeps {
  readonly formats: FormatEnvironment
  /** The filters are those of access logs. */
  compileAccessLogFilter(filter: AccessLogFilter, problems: Problems): (info: StreamInfo) => boolean
}

/** Undefined when replies stay as they are. */
export function compileLocalReplies(
  message: LocalReplyConfig | undefined,
  deps: LocalReplyDeps,
  problems: Problems,
): LocalReplyRewrite | undefined {
  if (message === undefined) return undefined
  const mappers = message.mappers.map((mapper, i) => compileMapper(mapper, deps, problems.at('mappers').at(i)))
  return new LocalReplyRewrite(mappers, compileBodyFormat(message.bodyFormat, deps, problems.at('body_format')))
}

function compileMapper(message: ResponseMapperMessage, deps: LocalReplyDeps, problems: Problems): ResponseMapper {
  if (message.filter === undefined) problems.add('a mapper needs a filter that says which replies it is for')
  const at = problems.at('headers_to_add')
  return {
    matches: message.filter ? deps.compileAccessLogFilter(message.filter, problems.at('filter')) : () => false,
    status: message.statusCode,
    body: textOf(message.body),
    bodyFormat: compileBodyFormat(message.bodyFormatOverride, deps, problems.at('body_format_override')),
    headers: compileHeaderMutation(message.headersToAdd, [], 'response', deps.formats, { add: at, remove: at }),
  }
}

function compileBodyFormat(
  message: SubstitutionFormatString | undefined,
  deps: LocalReplyDeps,
  problems: Problems,
): BodyFormat | undefined {
  if (message === undefined) return undefined
  const defaultType = message.format.case === 'jsonFormat' ? 'application/json' : 'text/plain'
  return {
    format: compileSubstitutionFormat(message, deps.formats, problems),
    contentType: message.contentType === '' ? defaultType : message.contentType,
  }
}
