// Builds what changes once on the main thread, without sockets, so that a refusal needs no worker.

import { hostname } from 'node:os'
import { emptySnapshot } from '../envoy/snapshot.ts'
import type { Snapshot } from '../envoy/snapshot.ts'
import { diffSnapshots } from '../envoy/snapshot.ts'
import type { Problem } from '../lib/problems.ts'
import { seededRandom } from '../lib/random.ts'
import { DataPlane } from '../proxy/build/data-plane.ts'
import { NOBODY } from '../proxy/http/local-info.ts'
import { Dispatcher } from '../proxy/connection/dispatcher.ts'
import type { StatsStore } from '../proxy/stream/stats.ts'

const NOWHERE = { add(): void {}, set(): void {}, record(): void {} }
const NO_STATS: StatsStore = { counter: () => NOWHERE, gauge: () => NOWHERE, histogram: () => NOWHERE }

/** Judges snapshots by a data plane that carries nothing. */
export class SnapshotChecker {
  private readonly rejectPathWithFragment: boolean
  /** Has what `held` says. */
  private dataPlane: DataPlane | undefined = undefined
  private held: Snapshot = emptySnapshot

  constructor(rejectPathWithFragment: boolean) {
    this.rejectPathWithFragment = rejectPathWithFragment
  }

  /** What of `next` cannot be built. Costs as much as changed since the last snapshot that was good. */
  async check(next: Snapshot): Promise<readonly Problem[]> {
    this.dataPlane ??= emptyDataPlane(this.rejectPathWithFragment)
    const { list } = await this.dataPlane.apply(diffSnapshots(this.held, next))
    if (list.length === 0) {
      this.held = next
    } else {
      // It has part of what was refused: the next one is judged from the beginning.
      this.dataPlane = undefined
      this.held = emptySnapshot
    }
    return list
  }
}

function emptyDataPlane(rejectPathWithFragment: boolean): DataPlane {
  const dispatcher = new Dispatcher(() => undefined)
  // Nothing goes on by itself, such as looking up names again.
  dispatcher.stop()
  return new DataPlane({
    dispatcher,
    stats: NO_STATS,
    random: seededRandom(1),
    receiveBudget: { tryGrow: () => false, release: () => undefined },
    formats: { hostname: hostname(), variables: process.env, nowMs: Date.now },
    localInfo: NOBODY,
    resolveHost: () => Promise.resolve([]),
    listen: { reusePort: false, binds: false },
    accessLogSink: () => ({ write: () => true }),
    drainTimeMs: 0,
    rejectPathWithFragment,
  })
}
