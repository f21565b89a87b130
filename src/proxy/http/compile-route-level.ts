// What route configurations, virtual hosts, routes and weighted clusters have in common: header mutations and configuration of
// filters.

import type { Any } from '@bufbuild/protobuf/wkt'
import type { HeaderValueOption } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileHeaderMutation } from '../format/header-mutation.ts'
import type { HeaderMutation } from '../format/header-mutation.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import type { PerFilterCompiler } from './compile-per-filter.ts'
import type { MirrorPolicy } from './mirror-policy.ts'
import type { PerFilterConfigs } from './route-config.ts'

/** Header mutations and filter configurations of the levels around a route, least specific first. */
export interface Level {
  readonly requestMutations: readonly HeaderMutation[]
  readonly responseMutations: readonly HeaderMutation[]
  readonly perFilter: PerFilterConfigs
}

/** The fields that route configurations, virtual hosts, routes and weighted clusters share. */
export interface LevelMessage {
  readonly requestHeadersToAdd: HeaderValueOption[]
  readonly requestHeadersToRemove: string[]
  readonly responseHeadersToAdd: HeaderValueOption[]
  readonly responseHeadersToRemove: string[]
  readonly typedPerFilterConfig: { [key: string]: Any }
}

export type LevelCompiler = (message: LevelMessage, problems: Problems) => Level

export interface RouteContext {
  readonly compileLevel: LevelCompiler
  /** Envoy applies the route's mutations first, so that the route configuration's have the last word. */
  readonly mostSpecificFirst: boolean
  readonly maxDirectBodyBytes: number
  readonly formats: FormatEnvironment
  /** Of the levels around; a route's own stand in for them. */
  readonly mirrors: readonly MirrorPolicy[]
  readonly configured: boolean[]
  readonly mergePerFilter: (outer: PerFilterConfigs, inner: PerFilterConfigs) => PerFilterConfigs
}

export function levelCompiler(perFilter: PerFilterCompiler, formats: FormatEnvironment): LevelCompiler {
  return (message, problems) => compileLevel(message, perFilter, formats, problems)
}

function compileLevel(
  message: LevelMessage,
  perFilter: PerFilterCompiler,
  formats: FormatEnvironment,
  problems: Problems,
): Level {
  const request = compileHeaderMutation(
    message.requestHeadersToAdd,
    message.requestHeadersToRemove,
    'request',
    formats,
    { add: problems.at('request_headers_to_add'), remove: problems.at('request_headers_to_remove') },
  )
  const response = compileHeaderMutation(
    message.responseHeadersToAdd,
    message.responseHeadersToRemove,
    'response',
    formats,
    { add: problems.at('response_headers_to_add'), remove: problems.at('response_headers_to_remove') },
  )
  return {
    requestMutations: request.isEmpty ? [] : [request],
    responseMutations: response.isEmpty ? [] : [response],
    perFilter: perFilter.compile(message.typedPerFilterConfig, problems.at('typed_per_filter_config')),
  }
}

/** Marks the slots of the filters that some level configures. */
export function noteConfigured(configured: boolean[], perFilter: PerFilterConfigs): void {
  perFilter.forEach((config, slot) => {
    if (config !== undefined) configured[slot] = true
  })
}
