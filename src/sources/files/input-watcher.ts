// Says when files have other contents than a reading found in them. The reading may have been done by another thread: what it
// looked at is plain data.

import { fingerprintOf } from './file-reader.ts'
import { DirectoryWatcher } from './directory-watcher.ts'

/** What a reading looked at. */
export interface WatchedInputs {
  readonly paths: readonly string[]
  /** Where a change can give them other contents. */
  readonly directories: ReadonlySet<string>
  /** Of what was read: fingerprintOf. */
  readonly fingerprint: string
}

export class InputWatcher {
  private readonly onChange: () => void
  private readonly watcher: DirectoryWatcher
  private inputs: WatchedInputs | undefined
  private fingerprint = ''

  constructor(onChange: () => void, options: { quietMs?: number; pollMs?: number } = {}) {
    this.onChange = onChange
    this.watcher = new DirectoryWatcher({ ...options, onChange: () => this.check() })
  }

  /** Watches these from now on. What happened since they were read is found at the next event or poll. */
  follow(inputs: WatchedInputs): void {
    this.inputs = inputs
    this.fingerprint = inputs.fingerprint
    this.watcher.setDirectories(inputs.directories)
  }

  /** Calls back if the contents are others than those that were read or last told. */
  check(): void {
    if (this.inputs === undefined) return
    const fingerprint = fingerprintOf(this.inputs.paths)
    // A directory may be a new one under an old name.
    this.watcher.setDirectories(this.inputs.directories)
    if (fingerprint === this.fingerprint) return
    this.fingerprint = fingerprint
    this.onChange()
  }

  close(): void {
    this.watcher.close()
  }
}
