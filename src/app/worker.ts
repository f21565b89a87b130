// A worker thread: one data plane and its event loop. It gets configuration as bytes and gives back numbers and log lines;
// it knows neither where configuration comes from nor who asks.

import { lookup } from 'node:dns/promises'
import { hostname, networkInterfaces } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { forgetProtos } from '../envoy/forget-protos.ts'
import { mathRandom } from '../lib/random.ts'
import { DataPlane } from '../proxy/build/data-plane.ts'
import { Dispatcher } from '../proxy/connection/dispatcher.ts'
import { AccessLogBatcher } from '../telemetry/access-log-batch.ts'
import { SeriesTable } from '../telemetry/series.ts'
import { describeDataPlane } from './describe-data-plane.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { localAddress } from './local-address.ts'
import { WorkerReceiveBudget } from './receive-budget.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts'

/**
 * Growth of receive windows that one worker grants in total. Streams that stall with a grown window keep their share, so this is
 * memory that slow readers can hold besides one initial window each (test/soak/slow-readers.ts).
 */
const RECEIVE_BUDGET_BYTES = 8 * 1024 * 1024
const DRAIN_CHECK_MS = 100
/** How long, when all clients are gone, pools' connections may take to end. */
const POOLS_END_MS = 1000

const port = parentPort as MessagePort
const setup = workerData as WorkerSetup
const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

forgetProtos()

const dispatcher = new Dispatcher((error, where) => {
  send({ type: 'bug', where, stack: error instanceof Error ? (error.stack ?? error.message) : String(error) })
})

const logs = new Map<string, AccessLogBatcher>()

function logOf(path: string): AccessLogBatcher {
  let log = logs.get(path)
  if (log === undefined) {
    log = new AccessLogBatcher(path, (batch, transfer) => send({ type: 'log', batch }, transfer))
    logs.set(path, log)
  }
  return log
}

function flushLogs(): void {
  for (const log of logs.values()) log.flush()
}

const dataPlane = new DataPlane({
  dispatcher,
  stats: SeriesTable.attach(setup.series, setup.column),
  random: mathRandom,
  receiveBudget: new WorkerReceiveBudget(RECEIVE_BUDGET_BYTES),
  formats: { hostname: hostname(), variables: process.env, nowMs: Date.now },
  localInfo: { ...setup.node, address: localAddress(networkInterfaces()) },
  resolveHost: async (name, family) => {
    const found = await lookup(name, { all: true, family: family === 'v4' ? 4 : family === 'v6' ? 6 : 0 })
    const preferred = family === 'auto' ? (found.some((one) => one.family === 6) ? 6 : 4) : 0
    return found.filter((one) => preferred === 0 || one.family === preferred).map((one) => one.address)
  },
  listen: { reusePort: setup.reusePort, binds: true },
  accessLogSink: logOf,
  drainTimeMs: setup.drainTimeMs,
  rejectPathWithFragment: setup.rejectPathWithFragment,
})

/** A configuration was applied. */
let isServing = false

setInterval(flushLogs, setup.logFlushIntervalMs).unref()

function drain(deadlineMs: number): void {
  dataPlane.sockets.stopListening()
  dispatcher.run(startDrain, dataPlane, deadlineMs)
  const deadline = performance.now() + deadlineMs
  const check = setInterval(() => {
    if (dataPlane.sockets.openSockets > 0 && performance.now() < deadline) return
    clearInterval(check)
    dispatcher.run(closePools, dataPlane, 0)
    endPools()
  }, DRAIN_CHECK_MS)
}

/** Pools' connections to destinations end in order, if the destinations follow soon. */
function endPools(): void {
  const deadline = performance.now() + POOLS_END_MS
  const check = setInterval(() => {
    if (dataPlane.openConnections > 0 && performance.now() < deadline) return
    clearInterval(check)
    send({ type: 'drained' })
  }, DRAIN_CHECK_MS)
}

function closePools(plane: DataPlane): void {
  plane.closePools()
}

function startDrain(plane: DataPlane, deadlineMs: number): void {
  plane.drain(deadlineMs)
}

port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'apply':
      void dataPlane.apply(message.patch).then((problems) => {
        if (!isServing) giveBackMemory()
        isServing = true
        send({ type: 'applied', id: message.id, version: message.patch.version, problems: problems.list })
      })
      break
    case 'describe':
      send({ type: 'described', id: message.id, description: describeDataPlane(dataPlane) })
      break
    case 'stopListening':
      dataPlane.sockets.stopListening()
      break
    case 'drain':
      drain(message.deadlineMs)
      break
    case 'drainConnections':
      dispatcher.run(startDrain, dataPlane, 0)
      if (message.stopsListening) setTimeout(() => dataPlane.sockets.stopListening(), message.drainTimeMs).unref()
      break
    case 'logWritten':
      logs.get(message.batch.path)?.giveBack(message.batch.buffer)
      break
    case 'end':
      flushLogs()
      port.close()
      break
  }
})
