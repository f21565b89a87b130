// envoy.filters.network.set_filter_state: leaves values in a new connection's filter state.

import { ConfigSchema } from '../../envoy/generated/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.js'
import { compileFilterStateValues } from '../format/filter-state-values.ts'
import type { NetworkFilterFactory } from './network-filter.ts'

export const setNetworkFilterState: NetworkFilterFactory<typeof ConfigSchema> = {
  name: 'envoy.filters.network.set_filter_state',
  config: ConfigSchema,
  compile(message, deps, problems) {
    const formats = deps.http.formats
    const onConnect = compileFilterStateValues(
      message.onNewConnection,
      'connection',
      formats,
      problems.at('on_new_connection'),
    )
    const afterHandshake = compileFilterStateValues(
      message.onDownstreamTlsHandshake,
      'connection',
      formats,
      problems.at('on_downstream_tls_handshake'),
    )
    return {
      kind: 'gate',
      admit(connection, info) {
        onConnect(info, connection.facts.filterState)
        // Filters run after the handshake here, so both moments are one.
        if (connection.facts.tls !== undefined) afterHandshake(info, connection.facts.filterState)
        return true
      },
    }
  },
}
