// AccessLogFilter of envoy.config.accesslog.v3, compiled to a test of the stream that is over. There is no runtime, so runtime
// keys have their default values. `traceable_filter` and extensions (CEL) are not executed and are refused by name.

import { HeaderMap } from '../../codec/header-map.ts'
import { typeNameOf } from '../../envoy/any.ts'
import type {
  AccessLogFilter,
  ComparisonFilter,
  GrpcStatusFilter,
  HeaderFilter,
  LogTypeFilter,
  MetadataFilter,
  ResponseFlagFilter,
  RuntimeFilter,
} from '../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js'
import { ComparisonFilter_Op } from '../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js'
import { AccessLogType } from '../../envoy/generated/envoy/data/accesslog/v3/accesslog_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { Random } from '../../lib/random.ts'
import { responseGrpcStatus } from '../format/grpc-status.ts'
import { allOf, anyOf } from '../matching/combine.ts'
import { compileHeaderMatcher } from '../matching/header-matcher.ts'
import { compileFraction } from '../matching/route-match.ts'
import { compileValueMatcher } from '../matching/value-matcher.ts'
import { metadataAt } from '../stream/metadata.ts'
import { RESPONSE_FLAGS } from '../stream/response-flags.ts'
import type { ResponseFlag } from '../stream/response-flags.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

/** Whether the stream is logged. */
export type AccessLogTest = (info: StreamInfo) => boolean

const NEVER: AccessLogTest = () => false
const NO_HEADERS = new HeaderMap()

/** Notes what cannot be compiled and then never lets a stream be logged. */
export function compileAccessLogFilter(filter: AccessLogFilter, random: Random, problems: Problems): AccessLogTest {
  const { filterSpecifier: specifier } = filter
  switch (specifier.case) {
    case 'statusCodeFilter':
      return compileStatusCode(specifier.value.comparison, problems.at('status_code_filter'))
    case 'durationFilter':
      return compileDuration(specifier.value.comparison, problems.at('duration_filter'))
    case 'notHealthCheckFilter':
      return (info) => !info.isHealthCheck
    case 'runtimeFilter':
      return compileRuntime(specifier.value, random)
    case 'andFilter':
      return allOf(compileAll(specifier.value.filters, random, problems.at('and_filter')))
    case 'orFilter':
      return anyOf(compileAll(specifier.value.filters, random, problems.at('or_filter')))
    case 'headerFilter':
      return compileHeader(specifier.value, problems.at('header_filter'))
    case 'responseFlagFilter':
      return compileResponseFlag(specifier.value, problems.at('response_flag_filter'))
    case 'grpcStatusFilter':
      return compileGrpcStatus(specifier.value)
    case 'metadataFilter':
      return compileMetadata(specifier.value, problems.at('metadata_filter'))
    case 'logTypeFilter':
      return compileLogType(specifier.value)
    case 'traceableFilter':
      problems.at('traceable_filter').add('traceable_filter is not supported')
      return NEVER
    case 'extensionFilter': {
      const { name, configType } = specifier.value
      const type = configType.value === undefined ? 'no type' : typeNameOf(configType.value.typeUrl)
      problems.at('extension_filter').add(`the access log filter "${name}" (${type}) is not supported`)
      return NEVER
    }
    default:
      problems.add('a filter of an access log must say what it tests')
      return NEVER
  }
}

function compileAll(filters: readonly AccessLogFilter[], random: Random, problems: Problems): AccessLogTest[] {
  const at = problems.at('filters')
  return filters.map((filter, i) => compileAccessLogFilter(filter, random, at.at(i)))
}

function compileStatusCode(comparison: ComparisonFilter | undefined, problems: Problems): AccessLogTest {
  const test = compileComparison(comparison, problems)
  return (info) => test(info.responseCode)
}

/** Whole milliseconds from the first byte to the end. */
function compileDuration(comparison: ComparisonFilter | undefined, problems: Problems): AccessLogTest {
  const test = compileComparison(comparison, problems)
  return (info) => info.requestCompleteMs >= 0 && test(Math.floor(info.requestCompleteMs - info.startMs))
}

function compileComparison(comparison: ComparisonFilter | undefined, problems: Problems): (value: number) => boolean {
  if (comparison?.value === undefined) problems.at('comparison').add('a comparison needs a value')
  const bound = comparison?.value?.defaultValue ?? 0
  switch (comparison?.op) {
    case ComparisonFilter_Op.GE:
      return (value) => value >= bound
    case ComparisonFilter_Op.LE:
      return (value) => value <= bound
    case ComparisonFilter_Op.NE:
      return (value) => value !== bound
    default:
      return (value) => value === bound
  }
}

/** The request's id decides, so that all proxies on its way log it or none does; chance where there is no id. */
function compileRuntime(filter: RuntimeFilter, random: Random): AccessLogTest {
  const { percentSampled, useIndependentRandomness } = filter
  // What is not given is 0 %: only a runtime could raise it.
  if (percentSampled === undefined) return NEVER
  const { test } = compileFraction(percentSampled)
  return (info) => {
    const fromId = useIndependentRandomness ? NaN : parseInt(info.requestId.slice(0, 8), 16)
    return test(info, Number.isNaN(fromId) ? random.below(1_000_000) : fromId)
  }
}

/** A TCP stream has no headers, which is tested as such. */
function compileHeader(filter: HeaderFilter, problems: Problems): AccessLogTest {
  if (filter.header === undefined) {
    problems.add('a header filter needs a header matcher')
    return NEVER
  }
  const { test } = compileHeaderMatcher(filter.header, problems.at('header'))
  return (info) => test(info.requestHeaders ?? NO_HEADERS)
}

/** Without flags: any flag. */
function compileResponseFlag(filter: ResponseFlagFilter, problems: Problems): AccessLogTest {
  const flags: ResponseFlag[] = []
  for (const [i, name] of filter.flags.entries()) {
    const flag = RESPONSE_FLAGS.find((known) => known === name)
    if (flag !== undefined) flags.push(flag)
    else
      problems
        .at('flags')
        .at(i)
        .add(`"${name}" is not a response flag; the flags are ${RESPONSE_FLAGS.join(', ')}`)
  }
  if (filter.flags.length === 0) return (info) => info.hasAnyResponseFlag()
  return anyOf(flags.map((flag) => (info) => info.hasResponseFlag(flag)))
}

/** Of any response, gRPC or not: its status is what a gRPC client would make of it. */
function compileGrpcStatus(filter: GrpcStatusFilter): AccessLogTest {
  const statuses = new Set<number>(filter.statuses)
  const { exclude } = filter
  return (info) => statuses.has(responseGrpcStatus(info)) !== exclude
}

function compileMetadata(filter: MetadataFilter, problems: Problems): AccessLogTest {
  const whenMissing = filter.matchIfKeyNotFound ?? true
  const { matcher } = filter
  if (matcher === undefined) return () => whenMissing
  if (matcher.invert)
    problems.at('matcher').at('invert').add('invert has no effect in an access log filter; take it out')
  const namespace = matcher.filter
  const path = matcher.path.map((segment) => segment.segment.value ?? '')
  const test = compileValueMatcher(matcher.value, problems.at('matcher').at('value'))
  return (info) => {
    const value = metadataAt(info.dynamicMetadata.get(namespace), path)
    return value === undefined ? whenMissing : test(value)
  }
}

function compileLogType(filter: LogTypeFilter): AccessLogTest {
  const types = new Set<string>(filter.types.map((type) => AccessLogType[type]))
  const { exclude } = filter
  return (info) => types.has(info.accessLogType) !== exclude
}
