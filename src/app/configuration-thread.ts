// The thread that reads, translates and judges the configuration, as the main thread sees it. Reading takes several times the
// memory of what is read (decision 0004), so a thread whose source can be handed over ends with each reading, and gives it all back.

import { Worker } from 'node:worker_threads'
import { InputWatcher } from '../sources/files/input-watcher.ts'
import type { Snapshot } from '../envoy/snapshot.ts'
import type { ConfigurationOrigin, SocketName } from './command-options.ts'
import type { ConfigurationChange, ConfigurationChanges, ReadingHandover } from './configuration-change.ts'
import type { GoodContents } from '../sources/bootstrap/reading.ts'

/** What the thread is started with. */
export interface ConfigurationSetup {
  readonly origin: ConfigurationOrigin
  readonly certsFolder: string | undefined
  readonly listen: SocketName | undefined
  readonly skipUnsupported: boolean
  readonly held: Snapshot
  readonly before: GoodContents | undefined
}

export type ToConfigurationThread = { readonly type: 'read' } | { readonly type: 'watch' }

export type FromConfigurationThread =
  | { readonly type: 'change'; readonly change: ConfigurationChange }
  | { readonly type: 'failed'; readonly message: string }
  /** `read` may give something else. */
  | { readonly type: 'touched' }

/** Beside this module: as source, or bundled (scripts/build.mjs). */
const MODULE = new URL(
  import.meta.url.endsWith('.ts') ? './configuration-worker.ts' : './configuration-worker.js',
  import.meta.url,
)

/** How long to wait for a reading after the thread failed. */
const RETRY_MS = 10_000

/** Configuration that needs more is refused, and takes nothing with it. */
const OLD_GENERATION_MB = 4096
const YOUNG_GENERATION_MB = 32

interface Waiting {
  resolve(change: ConfigurationChange): void
  reject(error: Error): void
}

export class ConfigurationThread implements ConfigurationChanges {
  private readonly options: Omit<ConfigurationSetup, 'held' | 'before'>
  private thread: Worker | undefined
  private waiting: Waiting | undefined
  private handover: ReadingHandover | undefined
  private watcher: InputWatcher | undefined
  private onChange: (() => void) | undefined

  constructor(options: Omit<ConfigurationSetup, 'held' | 'before'>) {
    this.options = options
  }

  /** One at a time. */
  async next(held: Snapshot): Promise<ConfigurationChange> {
    this.thread ??= this.start(held)
    const change = await new Promise<ConfigurationChange>((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.post({ type: 'read' })
    })
    if (change.handover !== undefined) await this.takeOver(change.handover)
    return change
  }

  watch(onChange: () => void): void {
    this.onChange = onChange
    if (this.handover === undefined) {
      this.post({ type: 'watch' })
      return
    }
    this.watcher = new InputWatcher(onChange)
    this.watcher.follow(this.handover.inputs)
    // Whatever happened since the reading is found here.
    this.watcher.check()
  }

  close(): void {
    this.onChange = undefined
    this.watcher?.close()
    void this.thread?.terminate()
  }

  private async takeOver(handover: ReadingHandover): Promise<void> {
    this.handover = handover
    this.watcher?.follow(handover.inputs)
    const { thread } = this
    this.thread = undefined
    await thread?.terminate()
  }

  private start(held: Snapshot): Worker {
    const setup: ConfigurationSetup = { ...this.options, held, before: this.handover?.good }
    const thread = new Worker(MODULE, {
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB, maxOldGenerationSizeMb: OLD_GENERATION_MB },
    })
    thread.on('message', (message: FromConfigurationThread) => this.receive(message))
    thread.on('error', (error: Error) => this.failed(thread, error))
    thread.on('exit', () => this.failed(thread, new Error('the configuration thread ended')))
    // One before it watched, and failed.
    if (this.onChange !== undefined && this.handover === undefined) thread.postMessage({ type: 'watch' })
    return thread
  }

  private receive(message: FromConfigurationThread): void {
    if (message.type === 'touched') this.onChange?.()
    else if (message.type === 'change') this.waiting?.resolve(message.change)
    else this.waiting?.reject(new Error(message.message))
  }

  /** The next reading starts another, and comes soon, for this one can no longer tell of changes. */
  private failed(thread: Worker, error: Error): void {
    if (this.thread !== thread) return
    this.thread = undefined
    const { waiting } = this
    this.waiting = undefined
    waiting?.reject(error)
    setTimeout(() => this.onChange?.(), RETRY_MS).unref()
  }

  private post(message: ToConfigurationThread): void {
    this.thread?.postMessage(message)
  }
}
