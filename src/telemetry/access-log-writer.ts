// The main thread's half of file access logs: one open file per path, written in order, one write at a time. What waits is
// bounded by the buffers that workers own (access-log-batch.ts); a buffer goes back once its lines are written.

import { close, type NoParamCallback, open, openSync, write, writeSync } from 'node:fs'
import type { AccessLogBatch } from './access-log-batch.ts'

/** The calls of node:fs that are used, so that tests can fail them. */
export interface FileSystem {
  open(path: string, flags: string, mode: number, done: (error: Error | null, fd: number) => void): void
  openSync(path: string, flags: string, mode: number): number
  write(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number): number
  close(fd: number, done: NoParamCallback): void
}

const nodeFileSystem: FileSystem = {
  open,
  openSync,
  write: (fd, bytes, offset, length, done) => write(fd, bytes, offset, length, null, done),
  writeSync: (fd, bytes, offset, length) => writeSync(fd, bytes, offset, length, null),
  close,
}

/** A pipe that is full says EAGAIN; nothing tells when it has room. */
const retryMs = 10

export interface AccessLogWriterEvents {
  /** The buffer of a batch may be used again: it was written or given up. */
  onDone(batch: AccessLogBatch): void
  /** Lines were lost: the disk is full, the pipe has no reader. Told once until a write succeeds. */
  onError(path: string, error: Error): void
}

/** All access-log files of the process. */
export class AccessLogWriter {
  /** Lines that could not be written. */
  droppedLines = 0
  private readonly files = new Map<string, LogFile>()
  private readonly events: AccessLogWriterEvents
  private readonly fs: FileSystem

  constructor(events: AccessLogWriterEvents, fs: FileSystem = nodeFileSystem) {
    this.events = events
    this.fs = fs
  }

  /** Opens the file to append, or throws: a configuration that logs to a path that cannot be opened is refused. */
  open(path: string): void {
    if (!this.files.has(path)) this.files.set(path, new LogFile(path, this.fs, this.done, this.failed))
  }

  /** Takes over a batch whose path was opened before. */
  write(batch: AccessLogBatch): void {
    this.open(batch.path)
    this.files.get(batch.path)!.push(batch)
  }

  /** `POST /reopen_logs`, SIGUSR1: what waits goes to the old file, what comes to a new one of the same name. */
  reopen(): void {
    for (const file of this.files.values()) file.reopen()
  }

  /** Resolves once nothing waits to be written: the orderly end. */
  async drain(): Promise<void> {
    await Promise.all([...this.files.values()].map((file) => file.drain()))
  }

  /** Writes what waits before it returns, but for a write that is already under way: the end without notice. */
  flushSync(): void {
    for (const file of this.files.values()) file.flushSync()
  }

  private readonly done = (batch: AccessLogBatch, error: Error | undefined): void => {
    if (error !== undefined) this.droppedLines += batch.lines
    this.events.onDone(batch)
  }

  private readonly failed = (path: string, error: Error): void => {
    this.events.onError(path, error)
  }
}

class LogFile {
  private readonly path: string
  private readonly fs: FileSystem
  private readonly done: (batch: AccessLogBatch, error: Error | undefined) => void
  private readonly failed: (path: string, error: Error) => void
  private fd: number
  /** The first is being written when `isWriting`; a `'reopen'` takes effect in its turn. */
  private readonly queue: (AccessLogBatch | 'reopen')[] = []
  private written = 0
  private isWriting = false
  private isFailing = false
  private readonly waiters: (() => void)[] = []

  constructor(
    path: string,
    fs: FileSystem,
    done: (batch: AccessLogBatch, error: Error | undefined) => void,
    failed: (path: string, error: Error) => void,
  ) {
    this.path = path
    this.fs = fs
    this.done = done
    this.failed = failed
    this.fd = isStandardStream(path) ? standardStreams[path] : fs.openSync(path, 'a', 0o644)
  }

  push(batch: AccessLogBatch): void {
    this.queue.push(batch)
    if (!this.isWriting) this.next()
  }

  reopen(): void {
    if (isStandardStream(this.path)) return
    this.queue.push('reopen')
    if (!this.isWriting) this.next()
  }

  drain(): Promise<void> {
    return this.isWriting ? new Promise((resolve) => void this.waiters.push(resolve)) : Promise.resolve()
  }

  flushSync(): void {
    for (const entry of this.queue.splice(this.isWriting ? 1 : 0)) {
      if (entry !== 'reopen') this.finish(entry, this.writeSync(entry))
    }
  }

  private writeSync(entry: AccessLogBatch): Error | undefined {
    const bytes = new Uint8Array(entry.buffer, 0, entry.length)
    try {
      for (let at = 0; at < entry.length;) at += this.fs.writeSync(this.fd, bytes, at, entry.length - at)
    } catch (error) {
      return error as Error
    }
    return undefined
  }

  private next(): void {
    const entry = this.queue[0]
    this.isWriting = entry !== undefined
    if (entry === undefined) {
      for (const resolve of this.waiters.splice(0)) resolve()
      return
    }
    if (entry === 'reopen') {
      this.fs.open(this.path, 'a', 0o644, (error, fd) => this.reopened(error, fd))
      return
    }
    const bytes = new Uint8Array(entry.buffer, 0, entry.length)
    this.fs.write(this.fd, bytes, this.written, entry.length - this.written, (error, written) => {
      this.afterWrite(entry, error, written)
    })
  }

  private afterWrite(entry: AccessLogBatch, error: NodeJS.ErrnoException | null, written: number): void {
    if (error?.code === 'EAGAIN') {
      setTimeout(() => this.next(), retryMs).unref()
      return
    }
    if (error === null) {
      this.written += written
      if (this.written < entry.length) {
        this.next()
        return
      }
    }
    this.queue.shift()
    this.written = 0
    this.finish(entry, error ?? undefined)
    this.next()
  }

  private reopened(error: Error | null, fd: number): void {
    this.queue.shift()
    if (error === null) {
      this.fs.close(this.fd, () => {})
      this.fd = fd
    } else this.failed(this.path, error)
    this.next()
  }

  private finish(batch: AccessLogBatch, error: Error | undefined): void {
    if (error !== undefined && !this.isFailing) this.failed(this.path, error)
    this.isFailing = error !== undefined
    this.done(batch, error)
  }
}

/** Written by number: opening /dev/stdout fails where it is a socket. */
const standardStreams = { '/dev/stdout': 1, '/dev/stderr': 2 } as const

function isStandardStream(path: string): path is keyof typeof standardStreams {
  return path in standardStreams
}
