// envoy.filters.http.set_filter_state: leaves values in the request's filter state, for later filters and the next hop.

import { ConfigSchema } from '../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js'
import { compileFilterStateValues } from '../format/filter-state-values.ts'
import type { FilterStateSetter } from '../format/filter-state-values.ts'
import { CONTINUE } from '../http/filter.ts'
import type { HttpFilter, HttpFilterFactory } from '../http/filter.ts'

interface Runtime {
  readonly set: FilterStateSetter
  readonly clearRouteCache: boolean
}

export const setHttpFilterState: HttpFilterFactory<typeof ConfigSchema, typeof ConfigSchema, Runtime> = {
  name: 'envoy.filters.http.set_filter_state',
  config: ConfigSchema,
  compile(message, deps, problems): HttpFilter<Runtime> {
    const at = problems.at('on_request_headers')
    const set = compileFilterStateValues(message.onRequestHeaders, 'request', deps.formats, at)
    return {
      runtime: { set, clearRouteCache: message.clearRouteCache },
      onRequest(exchange, _headers, _endStream, runtime) {
        runtime.set(exchange.info, exchange.info.filterState)
        if (runtime.clearRouteCache) exchange.clearRoute()
        return CONTINUE
      },
    }
  },
}
