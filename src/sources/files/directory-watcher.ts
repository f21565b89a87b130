// Says that something in a set of directories may have changed, once things have been quiet for a moment. What changed is
// for the listener to find out by reading. Directories, not files, are watched: editors replace files, and the volumes of
// Kubernetes swap a symbolic link, and a watched file would then be the old one.

import { watch, type FSWatcher } from 'node:fs'

export interface DirectoryWatcherOptions {
  /** Quiet time after an event. Default 50. */
  readonly quietMs?: number
  /** How often to look without an event, since some file systems send none. Default 10,000; 0: never. */
  readonly pollMs?: number
  readonly onChange: () => void
}

export class DirectoryWatcher {
  private readonly watchers = new Map<string, FSWatcher>()
  private readonly onChange: () => void
  private readonly quietMs: number
  private readonly poll: NodeJS.Timeout | undefined
  private pending: NodeJS.Timeout | undefined
  private closed = false

  constructor({ quietMs = 50, pollMs = 10_000, onChange }: DirectoryWatcherOptions) {
    this.quietMs = quietMs
    this.onChange = onChange
    this.poll = pollMs > 0 ? setInterval(onChange, pollMs).unref() : undefined
  }

  /** Watches exactly these directories from now on. One that cannot be watched is left to polling. */
  setDirectories(directories: ReadonlySet<string>): void {
    if (this.closed) return
    for (const [directory, watcher] of this.watchers) {
      if (directories.has(directory)) continue
      watcher.close()
      this.watchers.delete(directory)
    }
    for (const directory of directories) if (!this.watchers.has(directory)) this.watch(directory)
  }

  close(): void {
    this.closed = true
    clearInterval(this.poll)
    clearTimeout(this.pending)
    for (const watcher of this.watchers.values()) watcher.close()
    this.watchers.clear()
  }

  private watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.noteEvent())
      // The directory went away: the next setDirectories watches what came in its place.
      watcher.on('error', () => {
        watcher.close()
        if (this.watchers.get(directory) === watcher) this.watchers.delete(directory)
        this.noteEvent()
      })
      this.watchers.set(directory, watcher)
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
