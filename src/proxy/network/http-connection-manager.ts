// envoy.filters.network.http_connection_manager: puts an HTTP connection manager on a connection.

import { HttpConnectionManagerSchema } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { compileHttpConnectionManager } from '../http/compile-connection-manager.ts'
import { ConnectionManager } from '../http/connection-manager.ts'
import type { HcmCell } from '../http/hcm-config.ts'
import type { NetworkFilterFactory } from './network-filter.ts'

export const httpConnectionManager: NetworkFilterFactory<typeof HttpConnectionManagerSchema> = {
  name: 'envoy.filters.network.http_connection_manager',
  config: HttpConnectionManagerSchema,
  compile(message, deps, problems) {
    const cell: HcmCell = { current: compileHttpConnectionManager(message, deps.http, problems) }
    const surroundings = { dispatcher: deps.dispatcher, clusters: deps.clusters, random: deps.random }
    return {
      kind: 'terminal',
      cell,
      accessLoggers: [],
      accept: (connection, _info, drainGroup) => {
        new ConnectionManager(connection, cell, surroundings, drainGroup).start()
      },
    }
  },
}
