// GET /hot_restart_version: there is no hot restart; Istio disables Envoy's too.

import { textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const hotRestartVersion: Endpoint = {
  path: '/hot_restart_version',
  help: 'print the hot restart compatibility version',
  answer: () => textAnswer('disabled'),
}
