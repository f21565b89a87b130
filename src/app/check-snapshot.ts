// Builds every entry of a patch once on the main thread, without sockets, so that a refusal needs no worker.

import { hostname } from 'node:os'
import type { SnapshotPatch } from '../envoy/snapshot-patch.ts'
import type { Problem } from '../lib/problems.ts'
import { seededRandom } from '../lib/random.ts'
import { DataPlane } from '../proxy/build/data-plane.ts'
import { NOBODY } from '../proxy/http/local-info.ts'
import { Dispatcher } from '../proxy/connection/dispatcher.ts'
import type { StatsStore } from '../proxy/stream/stats.ts'

const NOWHERE = { add(): void {}, set(): void {}, record(): void {} }
const NO_STATS: StatsStore = { counter: () => NOWHERE, gauge: () => NOWHERE, histogram: () => NOWHERE }

/** A data plane that carries nothing: patches are applied to it before they go to the workers. */
export class SnapshotChecker {
  private readonly dataPlane: DataPlane
  private readonly dispatcher = new Dispatcher(() => undefined)

  constructor(rejectPathWithFragment: boolean) {
    this.dataPlane = new DataPlane({
      dispatcher: this.dispatcher,
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

  async check(patch: SnapshotPatch): Promise<readonly Problem[]> {
    return (await this.dataPlane.apply(patch)).list
  }

  /** Ends what would go on by itself, such as looking up names again. */
  close(): void {
    this.dispatcher.stop()
  }
}
