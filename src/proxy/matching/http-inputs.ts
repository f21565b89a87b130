// Inputs of matcher trees over a stream: a request's headers and query (envoy.type.matcher.v3), and all network inputs.

import { fromBinary } from '@bufbuild/protobuf'
import { FilterStateInputSchema } from '../../envoy/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.js'
import {
  HttpRequestHeaderMatchInputSchema,
  HttpRequestQueryParamMatchInputSchema,
} from '../../envoy/generated/envoy/type/matcher/v3/http_inputs_pb.js'
import { toWireText } from '../../lib/wire-text.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { InputFactory } from './compile-matcher.ts'
import { joinedValue } from './header-value.ts'
import { NETWORK_INPUTS } from './network-inputs.ts'
import { queryParameter } from './request-path.ts'

function ofStream(factory: InputFactory<ConnectionFacts>): InputFactory<StreamInfo> {
  return (config, problems) => {
    const { text, get } = factory(config, problems)
    return { text, get: (info) => get(info.connection) }
  }
}

const filterState: InputFactory<StreamInfo> = (config) => {
  const { key } = fromBinary(FilterStateInputSchema, config.value)
  return { text: `filter state ${key}`, get: (info) => info.filterState.get(key) }
}

const requestHeader: InputFactory<StreamInfo> = (config) => {
  const { headerName } = fromBinary(HttpRequestHeaderMatchInputSchema, config.value)
  const value = joinedValue(headerName)
  return { text: `header ${headerName}`, get: (info) => info.requestHeaders && value(info.requestHeaders) }
}

const queryParam: InputFactory<StreamInfo> = (config) => {
  const { queryParam: name } = fromBinary(HttpRequestQueryParamMatchInputSchema, config.value)
  const wire = toWireText(name)
  return { text: `query parameter ${name}`, get: (info) => queryParameter(info.requestHeaders?.path ?? '', wire) }
}

/** Network inputs asked of a stream; filter state is the request's, which sees through to the connection's. By type name. */
export const STREAM_INPUTS: ReadonlyMap<string, InputFactory<StreamInfo>> = new Map([
  ...[...NETWORK_INPUTS].map(([typeName, factory]) => [typeName, ofStream(factory)] as const),
  [FilterStateInputSchema.typeName, filterState],
])

/** For subjects that have request headers. By type name. */
export const HTTP_INPUTS: ReadonlyMap<string, InputFactory<StreamInfo>> = new Map([
  ...STREAM_INPUTS,
  [HttpRequestHeaderMatchInputSchema.typeName, requestHeader],
  [HttpRequestQueryParamMatchInputSchema.typeName, queryParam],
])
