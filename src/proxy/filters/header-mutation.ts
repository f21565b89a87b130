// envoy.filters.http.header_mutation: changes headers and trailers both ways. The filter's own changes come first, then those of
// every level around the request.

import type { HeaderMap } from '../../codec/header-map.ts'
import {
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
} from '../../envoy/generated/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js'
import type { Mutations as MutationsMessage } from '../../envoy/generated/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileHeaderMutations } from '../format/header-mutations.ts'
import type { HeaderChange } from '../format/header-mutations.ts'
import { CONTINUE } from '../http/filter.ts'
import type { FilterDeps, HttpFilter, HttpFilterFactory } from '../http/filter.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

interface Mutations {
  readonly request: readonly HeaderChange[]
  readonly requestTrailers: readonly HeaderChange[]
  readonly response: readonly HeaderChange[]
  readonly responseTrailers: readonly HeaderChange[]
}

type Part = keyof Mutations

/** Those of all levels around a request, least specific first. */
type Levels = readonly Mutations[]

export const headerMutation: HttpFilterFactory<
  typeof HeaderMutationSchema,
  typeof HeaderMutationPerRouteSchema,
  Levels
> = {
  name: 'envoy.filters.http.header_mutation',
  config: HeaderMutationSchema,
  perRoute: HeaderMutationPerRouteSchema,
  compile(message, deps, problems): HttpFilter<Levels> {
    const own = compileMutations(message.mutations, deps, problems.at('mutations'))
    // As for the headers of routes, the last change counts (Envoy: HeaderMutation::initializeRouteConfigs).
    const specificLast = message.mostSpecificHeaderMutationsWins
    const apply = (part: Part, headers: HeaderMap, info: StreamInfo, levels: Levels): void =>
      applyAll(part, own, levels, specificLast, headers, info)
    return {
      runtime: [],
      actsByRouteOnly: PARTS.every((part) => own[part].length === 0),
      onRequest(exchange, headers, _endStream, levels) {
        apply('request', headers, exchange.info, levels)
        return CONTINUE
      },
      onRequestTrailers: (exchange, trailers, levels) => apply('requestTrailers', trailers, exchange.info, levels),
      onResponse: (exchange, headers, _endStream, levels) => apply('response', headers, exchange.info, levels),
      onResponseTrailers(exchange, trailers, levels) {
        apply('responseTrailers', trailers, exchange.info, levels)
        return undefined
      },
    }
  },
  compilePerRoute: (message, deps, problems) => ({
    disabled: false,
    runtime: [compileMutations(message.mutations, deps, problems.at('mutations'))],
  }),
  combine: (outer, inner) => [...outer, ...inner],
}

const PARTS: readonly Part[] = ['request', 'requestTrailers', 'response', 'responseTrailers']

function compileMutations(message: MutationsMessage | undefined, deps: FilterDeps, problems: Problems): Mutations {
  const list = (
    of: MutationsMessage['requestMutations'] | undefined,
    kind: 'request' | 'response',
    field: string,
  ): HeaderChange[] => compileHeaderMutations(of ?? [], kind, deps.formats, problems.at(field))
  return {
    request: list(message?.requestMutations, 'request', 'request_mutations'),
    requestTrailers: list(message?.requestTrailersMutations, 'request', 'request_trailers_mutations'),
    response: list(message?.responseMutations, 'response', 'response_mutations'),
    responseTrailers: list(message?.responseTrailersMutations, 'response', 'response_trailers_mutations'),
  }
}

function applyAll(
  part: Part,
  own: Mutations,
  levels: Levels,
  specificLast: boolean,
  headers: HeaderMap,
  info: StreamInfo,
): void {
  for (const change of own[part]) change.apply(headers, info)
  for (let i = 0; i < levels.length; i++) {
    const level = levels[specificLast ? i : levels.length - 1 - i]
    for (const change of level[part]) change.apply(headers, info)
  }
}
