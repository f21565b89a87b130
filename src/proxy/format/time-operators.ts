// Operators on when things happened: START_TIME, DURATION and its relatives. Durations are whole milliseconds, cut off.

import type { Problems } from '../../lib/problems.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { numberOperator, plain, textOperator } from './operator.ts'
import type { Operator, OperatorCall, OperatorFactory } from './operator.ts'
import { compileTimeFormat, isoTime } from './time-format.ts'
import type { TimeFormat } from './time-format.ts'

const start = (info: StreamInfo): number => info.startMs
const requestEnd = (info: StreamInfo): number => info.lastDownstreamRxByteReceivedMs
const upstreamRequestEnd = (info: StreamInfo): number => info.upstream.lastTxByteSentMs
const upstreamResponseStart = (info: StreamInfo): number => info.upstream.firstRxByteReceivedMs
const responseEnd = (info: StreamInfo): number => info.lastDownstreamTxByteSentMs
const attemptStart = (info: StreamInfo): number => info.upstream.startMs
const poolReady = (info: StreamInfo): number => info.upstream.connectionPoolReadyMs
const end = (info: StreamInfo): number => info.requestCompleteMs

export const TIME_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ['START_TIME', (call, _, problems) => timeOperator(call, (info) => info.startTimeMs, problems)],
  ['EMIT_TIME', (call, environment, problems) => timeOperator(call, environment.nowMs, problems)],
  ['DURATION', plain(duration(start, end))],
  ['REQUEST_DURATION', plain(duration(start, requestEnd))],
  ['REQUEST_TX_DURATION', plain(duration(start, upstreamRequestEnd))],
  ['RESPONSE_DURATION', plain(duration(start, upstreamResponseStart))],
  ['RESPONSE_TX_DURATION', plain(duration(upstreamResponseStart, responseEnd))],
  // Measured by HTTP/3 only.
  ['ROUNDTRIP_DURATION', plain(textOperator(() => undefined))],
  ['UPSTREAM_CONNECTION_POOL_READY_DURATION', plain(duration(attemptStart, poolReady))],
  ['COMMON_DURATION', commonDuration],
])

/** ISO 8601, or the strftime format that the argument gives. */
export function compileTime(call: OperatorCall, problems: Problems): TimeFormat | undefined {
  if (call.length !== undefined) {
    problems.add(`${call.name} does not allow length to be specified`)
    return undefined
  }
  return call.argument === undefined ? isoTime : compileTimeFormat(call.argument, problems)
}

function timeOperator(call: OperatorCall, at: (info: StreamInfo) => number, problems: Problems): Operator | undefined {
  const format = compileTime(call, problems)
  return format && textOperator((info) => format(at(info)))
}

function duration(from: (info: StreamInfo) => number, to: (info: StreamInfo) => number, perMs = 1): Operator {
  return numberOperator((info) => {
    const start = from(info)
    const stop = to(info)
    return start < 0 || stop < start ? undefined : Math.floor((stop - start) * perMs)
  })
}

const POINTS = new Map<string, (info: StreamInfo) => number>([
  ['DS_RX_BEG', start],
  ['DS_RX_END', requestEnd],
  ['US_CX_BEG', (info) => info.upstream.connectStartMs],
  ['US_CX_END', (info) => info.upstream.connectCompleteMs],
  ['US_HS_END', (info) => info.upstream.handshakeCompleteMs],
  ['US_TX_BEG', (info) => info.upstream.firstTxByteSentMs],
  ['US_TX_END', upstreamRequestEnd],
  ['US_RX_BEG', upstreamResponseStart],
  ['US_RX_BODY_BEG', (info) => info.upstream.firstRxBodyByteReceivedMs],
  ['US_RX_END', (info) => info.upstream.lastRxByteReceivedMs],
  ['DS_TX_BEG', (info) => info.firstDownstreamTxByteSentMs],
  ['DS_TX_END', responseEnd],
])

const UNITS_PER_MS = new Map([
  ['ms', 1],
  ['us', 1e3],
  ['ns', 1e6],
])

function commonDuration(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const [from, to, unit] = (call.argument ?? '').split(':')
  const begin = POINTS.get(from)
  const finish = POINTS.get(to)
  const perMs = UNITS_PER_MS.get(unit)
  if (begin !== undefined && finish !== undefined && perMs !== undefined) return duration(begin, finish, perMs)
  problems.add(`${call.name} needs (FROM:TO:ms|us|ns) with points out of ${[...POINTS.keys()].join(', ')}`)
  return undefined
}
