// Says that something in a set of directories may have changed, once things have been quiet for a moment. What changed is
// for the listener to find out by reading. Directories, not files, are watched: editors replace files, and the volumes of
// Kubernetes swap a symbolic link, and a watched file would then be the old one.

import { statSync, watch, type FSWatcher } from 'node:fs'

export interface DirectoryWatcherOptions {
  /** Quiet time after an event. Default 10: what is read half-written keeps its last good version, and is read again. */
  readonly quietMs?: number
  /** How often to look without an event, since some file systems send none. Default 10,000; 0: never. */
  readonly pollMs?: number
  readonly onChange: () => void
}

interface Watched {
  readonly watcher: FSWatcher
  /** Of the directory, not of its name. */
  readonly identity: string
}

export class DirectoryWatcher {
  private readonly watched = new Map<string, Watched>()
  private readonly onChange: () => void
  private readonly quietMs: number
  private readonly poll: NodeJS.Timeout | undefined
  private pending: NodeJS.Timeout | undefined
  private closed = false

  constructor({ quietMs = 10, pollMs = 10_000, onChange }: DirectoryWatcherOptions) {
    this.quietMs = quietMs
    this.onChange = onChange
    this.poll = pollMs > 0 ? setInterval(onChange, pollMs).unref() : undefined
  }

  /**
   * Watches exactly these directories from now on. One that was replaced under the same name is watched anew; one that cannot
   * be watched is left to polling.
   */
  setDirectories(directories: ReadonlySet<string>): void {
    if (this.closed) return
    for (const [directory, { watcher, identity }] of this.watched) {
      if (directories.has(directory) && identityOf(directory) === identity) continue
      watcher.close()
      this.watched.delete(directory)
    }
    for (const directory of directories) if (!this.watched.has(directory)) this.watch(directory)
  }

  close(): void {
    this.closed = true
    clearInterval(this.poll)
    clearTimeout(this.pending)
    for (const { watcher } of this.watched.values()) watcher.close()
    this.watched.clear()
  }

  private watch(directory: string): void {
    const identity = identityOf(directory)
    try {
      const watcher = watch(directory, { persistent: false }, () => this.noteEvent())
      // The directory went away: the next setDirectories watches what came in its place.
      watcher.on('error', () => {
        watcher.close()
        if (this.watched.get(directory)?.watcher === watcher) this.watched.delete(directory)
        this.noteEvent()
      })
      this.watched.set(directory, { watcher, identity })
    } catch {
      // No such directory, or no more watches: polling finds it.
    }
  }

  private noteEvent(): void {
    if (this.closed) return
    clearTimeout(this.pending)
    this.pending = setTimeout(this.onChange, this.quietMs)
  }
}

/** Empty for one that does not exist. */
function identityOf(directory: string): string {
  const stat = statSync(directory, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.dev} ${stat.ino}`
}
