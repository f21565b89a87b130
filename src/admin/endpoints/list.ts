// Every endpoint, in the order in which help and home page print them. A new one is one line here.

import type { Endpoint } from '../endpoint.ts'
import { certs } from './certs.ts'
import { clusters } from './clusters.ts'
import { configDump } from './config-dump.ts'
import { helpEndpoint } from './help.ts'
import { homePage } from './home-page.ts'
import { hotRestartVersion } from './hot-restart-version.ts'
import { listeners } from './listeners.ts'
import { logging } from './logging.ts'
import { memory } from './memory.ts'
import { ready } from './ready.ts'
import { runtime, runtimeModify } from './runtime.ts'
import {
  drainListeners,
  healthcheckFail,
  healthcheckOk,
  quitquitquit,
  reopenLogs,
  resetCounters,
} from './server-actions.ts'
import { serverInfo } from './server-info.ts'
import { stats, statsPrometheus } from './stats.ts'

const withoutIndex: readonly Endpoint[] = [
  certs,
  clusters,
  configDump,
  drainListeners,
  healthcheckFail,
  healthcheckOk,
  hotRestartVersion,
  listeners,
  logging,
  memory,
  quitquitquit,
  ready,
  reopenLogs,
  resetCounters,
  runtime,
  runtimeModify,
  serverInfo,
  stats,
  statsPrometheus,
]

/** Sorted by path. */
export const ENDPOINTS: readonly Endpoint[] = withIndex(withoutIndex)

/** Home page and help print the list that they stand in. */
function withIndex(others: readonly Endpoint[]): readonly Endpoint[] {
  const all: Endpoint[] = [homePage(() => all), helpEndpoint(() => all), ...others]
  return all.sort((a, b) => (a.path < b.path ? -1 : 1))
}
