// Operators on headers and on the path: REQ, RESP, TRAILER, PATH, QUERY_PARAM and their other names.

import type { HeaderMap } from '../../codec/header-map.ts'
import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import { firstValue } from '../matching/header-value.ts'
import { pathOnly, queryParameter } from '../matching/request-path.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { required, textOperator, truncated } from './operator.ts'
import type { Operator, OperatorFactory } from './operator.ts'

const request = headerFactory((info) => info.requestHeaders)
const response = headerFactory((info) => info.responseHeaders)
const trailer = headerFactory((info) => info.responseTrailers)

export const HEADER_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ['REQ', request],
  ['REQUEST_HEADER', request],
  ['RESP', response],
  ['RESPONSE_HEADER', response],
  ['TRAILER', trailer],
  ['RESPONSE_TRAILER', trailer],
  ['PATH', pathOperator],
  ['QUERY_PARAM', queryParamOperator],
  ['QUERY_PARAMS', queryParamsOperator],
])

/** `NAME(X?Y):Z`: the first value of X, or else of Y. An empty header is present. */
function headerFactory(headersOf: (info: StreamInfo) => HeaderMap | undefined): OperatorFactory {
  return (call, _, problems) => {
    const argument = required(call, problems)
    if (argument === undefined) return undefined
    const [main, alternative, ...rest] = argument.split('?')
    if (rest.length > 0) problems.add(`more than 1 alternative header specified in token: ${argument}`)
    for (const name of [main, alternative ?? '']) checkHeaderName(name, problems)
    return truncated(textOperator(headerValue(headersOf, main, alternative)), call.length)
  }
}

function headerValue(
  headersOf: (info: StreamInfo) => HeaderMap | undefined,
  main: string,
  alternative: string | undefined,
): (info: StreamInfo) => string | undefined {
  const first = firstValue(main)
  if (alternative === undefined) {
    return (info) => {
      const headers = headersOf(info)
      return headers && first(headers)
    }
  }
  const second = firstValue(alternative)
  return (info) => {
    const headers = headersOf(info)
    return headers && (first(headers) ?? second(headers))
  }
}

function checkHeaderName(name: string, problems: Problems): void {
  if (!/^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]*$/.test(name)) problems.add(`"${name}" is not the name of a header`)
}

type PathSource = 'ORIG' | 'PATH' | 'ORIG_OR_PATH'

function isPathSource(text: string): text is PathSource {
  return text === 'ORIG' || text === 'PATH' || text === 'ORIG_OR_PATH'
}

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH):Z`: with or without query, the path now, or the one before a rewrite. */
function pathOperator(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const [query, source = 'ORIG_OR_PATH'] = (call.argument ?? 'WQ').split(':')
  if (query !== 'WQ' && query !== 'NQ') problems.add(`invalid PATH option "${query}", only WQ and NQ are allowed`)
  if (!isPathSource(source)) {
    problems.add(`invalid PATH option "${source}", only ORIG, PATH and ORIG_OR_PATH are allowed`)
    return undefined
  }
  const path = pathFrom(source)
  if (query === 'WQ') return truncated(textOperator(path), call.length)
  const withoutQuery = (info: StreamInfo): string | undefined => {
    const text = path(info)
    return text === undefined ? undefined : pathOnly(text)
  }
  return truncated(textOperator(withoutQuery), call.length)
}

function pathFrom(source: PathSource): (info: StreamInfo) => string | undefined {
  if (source === 'ORIG') return (info) => info.requestHeaders?.get('x-envoy-original-path')
  if (source === 'PATH') return (info) => info.requestHeaders?.path
  return (info) => info.requestHeaders?.get('x-envoy-original-path') ?? info.requestHeaders?.path
}

function queryParamOperator(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const argument = required(call, problems)
  if (argument === undefined) return undefined
  const name = toWireText(argument)
  const value = (info: StreamInfo): string | undefined => queryParameter(info.requestHeaders?.path ?? '', name)
  return truncated(textOperator(value), call.length)
}

/** The whole query string, without the `?`. */
function queryParamsOperator(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const source = call.argument ?? 'ORIG_OR_PATH'
  if (!isPathSource(source)) {
    problems.add(`invalid QUERY_PARAMS option "${source}", only ORIG, PATH and ORIG_OR_PATH are allowed`)
    return undefined
  }
  const path = pathFrom(source)
  const query = (info: StreamInfo): string | undefined => {
    const text = path(info)
    const mark = text?.indexOf('?') ?? -1
    return mark < 0 ? undefined : text!.slice(mark + 1)
  }
  return truncated(textOperator(query), call.length)
}
