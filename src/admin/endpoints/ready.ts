// GET /ready: what readiness probes ask.

import { textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const ready: Endpoint = {
  path: '/ready',
  help: 'print server state, return 200 if LIVE, otherwise return 503',
  answer(_, source) {
    const state = source.state()
    return textAnswer(`${state}\n`, state === 'LIVE' ? 200 : 503)
  },
}
