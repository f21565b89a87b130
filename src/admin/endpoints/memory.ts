// GET /memory: how much memory the process takes.

import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const memory: Endpoint = {
  path: '/memory',
  help: 'print current allocation/heap usage',
  async answer(_, source) {
    const { memoryJson } = await import('../messages/memory.ts')
    return jsonAnswer(memoryJson(source.memory()))
  },
}
