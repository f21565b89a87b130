// GET /listeners: where the proxy listens, as text or as envoy.admin.v3.Listeners.

import { jsonAnswer, textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const listeners: Endpoint = {
  path: '/listeners',
  help: 'print listener info',
  parameters: [{ name: 'format', help: 'File format to use', choices: ['text', 'json'] }],
  async answer(query, source) {
    const statuses = await source.listeners()
    if (query.get('format') !== 'json') {
      const lines = statuses.flatMap(({ name, addresses }) => addresses.map((address) => `${name}::${address}\n`))
      return textAnswer(lines.join(''))
    }
    const { listenersJson } = await import('../messages/listeners.ts')
    return jsonAnswer(listenersJson(statuses))
  },
}
