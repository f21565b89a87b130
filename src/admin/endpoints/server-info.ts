// GET /server_info: version, state, options and node.

import { ServerInfoSchema } from '../../envoy/generated/envoy/admin/v3/server_info_pb.js'
import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { printWithDefaults } from '../print-with-defaults.ts'

export const serverInfo: Endpoint = {
  path: '/server_info',
  help: 'print server version/status information',
  answer: (_, source) => jsonAnswer(printWithDefaults(ServerInfoSchema, source.serverInfo())),
}
