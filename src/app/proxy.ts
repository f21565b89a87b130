// `cairn proxy`: builds every object once, starts, follows its configuration, drains, stops. Reads like a startup log.

import { emptySnapshot } from '../envoy/snapshot.ts'
import type { Terminal } from '../lib/terminal.ts'
import { SeriesTable } from '../telemetry/series.ts'
import { AccessLogs } from './access-logs.ts'
import { startAdmin } from './admin.ts'
import type { ProxyOptions } from './command-options.ts'
import type { BootstrapFacts } from './configuration-change.ts'
import { ConfigurationKeeper } from './configuration-keeper.ts'
import { ConfigurationThread } from './configuration-thread.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { createLogs } from './logs.ts'
import type { Logs } from './logs.ts'
import { ProxyState } from './proxy-state.ts'
import { WorkerPool } from './worker-pool.ts'
import type { WorkerSetup } from './worker-messages.ts'
import type { WorkerEvents } from './worker-thread.ts'

const LOG_FLUSH_INTERVAL_MS = 1000

/** Runs until it is told to end. Resolves with the exit code. */
export async function runProxy(options: ProxyOptions, version: string, terminal: Terminal): Promise<number> {
  const logs = createLogs(options.logLevel)
  const { origin, certsFolder, listen, skipUnsupported } = options
  const changes = new ConfigurationThread({ origin, certsFolder, listen, skipUnsupported })
  const first = await changes.next(emptySnapshot)
  for (const warning of first.warnings) terminal.err(`warning: ${warning}\n`)
  if (first.errors.length > 0) {
    for (const error of first.errors) terminal.err(`error: ${error}\n`)
    changes.close()
    return 1
  }
  const state = new ProxyState(options, first.bootstrap, version)
  const series = SeriesTable.create(options.concurrency + 1)
  const accessLogs = new AccessLogs(logs.of('access-log'))
  const events: WorkerEvents = {
    onLog: (worker, batch) => accessLogs.write(batch, worker),
    onBug: (where, stack) =>
      logs.of('main').error({ where, stack }, 'a defect was caught; the request or connection ended'),
    onDeath: (worker, error) =>
      logs.of('main').error({ column: worker.column, err: error }, 'a worker thread died; another takes its place'),
  }
  const pool = new WorkerPool(workerSetups(options, series, first.bootstrap), series, events)
  const workers = pool.threads
  const keeper = new ConfigurationKeeper({
    changes,
    workers,
    series,
    logs: logs.of('config'),
    refusesWhole: origin.kind !== 'resources',
  })
  pool.onReplacement = (worker) => keeper.bringUpToDate(worker)
  const refused = await keeper.start(first)
  if (refused.length > 0) {
    for (const line of refused) terminal.err(`error: ${line}\n`)
    await pool.end()
    changes.close()
    return 1
  }
  const admin = await startAdmin({ options, state, keeper, workers, series, logs, accessLogs })
  state.live()
  series.gauge('server.state').set(0)
  series.gauge('server.live').set(1)
  series.gauge('server.concurrency').set(options.concurrency)
  series.gauge('listener_manager.workers_started').set(1)
  giveBackMemory()
  announce(logs, keeper, admin.address)
  keeper.follow()
  await state.ended
  logs.of('main').info('draining')
  keeper.close()
  await pool.drain(state.drainTimeMs)
  await pool.end()
  await accessLogs.close()
  await admin.close()
  return 0
}

function workerSetups(
  options: ProxyOptions,
  series: SeriesTable,
  bootstrap: BootstrapFacts | undefined,
): readonly WorkerSetup[] {
  return Array.from({ length: options.concurrency }, (_, index) => ({
    series: series.shared,
    column: index + 1,
    reusePort: options.concurrency > 1,
    drainTimeMs: options.drainTimeMs,
    // What is translated here behaves as istiod's, which turns this off.
    rejectPathWithFragment: bootstrap?.rejectsPathWithFragment ?? false,
    node: { nodeId: bootstrap?.nodeId ?? '', clusterName: bootstrap?.clusterName ?? '' },
    logFlushIntervalMs: LOG_FLUSH_INTERVAL_MS,
  }))
}

function announce(logs: Logs, keeper: ConfigurationKeeper, adminAddress: string): void {
  logs.of('main').info({ version: keeper.version, admin: adminAddress }, 'ready')
}
