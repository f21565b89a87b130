// GET /server_info: version, state, options and node.

import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const serverInfo: Endpoint = {
  path: '/server_info',
  help: 'print server version/status information',
  async answer(_, source) {
    const { serverInfoJson } = await import('../messages/server-info.ts')
    return jsonAnswer(serverInfoJson(await source.serverInfo()))
  },
}
