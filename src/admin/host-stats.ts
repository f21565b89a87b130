// The numbers of a host under the names that `/clusters` prints.

import type { HostStats } from './admin-source.ts'

/** In the order in which they are printed; the gauges are the ones that can go down. */
export const HOST_STATS: readonly (readonly [name: string, key: keyof HostStats, isGauge: boolean])[] = [
  ['cx_active', 'cxActive', true],
  ['cx_connect_fail', 'cxConnectFail', false],
  ['cx_total', 'cxTotal', false],
  ['rq_active', 'rqActive', true],
  ['rq_error', 'rqError', false],
  ['rq_pending_active', 'rqPendingActive', true],
  ['rq_success', 'rqSuccess', false],
  ['rq_timeout', 'rqTimeout', false],
  ['rq_total', 'rqTotal', false],
]
