// Access logs of all workers on their way to their files: batches come in, are written, and their buffers go back.

import type { Logger } from 'pino'
import type { AccessLogBatch } from '../telemetry/access-log-batch.ts'
import { AccessLogWriter } from '../telemetry/access-log-writer.ts'
import type { WorkerThread } from './worker-thread.ts'

export class AccessLogs {
  private readonly writer: AccessLogWriter
  private readonly senders = new Map<ArrayBuffer, WorkerThread>()

  constructor(log: Logger) {
    this.writer = new AccessLogWriter({
      onDone: (batch) => this.returnBuffer(batch),
      onError: (path, error) => log.warn({ path, err: error }, 'access log cannot be written'),
    })
  }

  write(batch: AccessLogBatch, sender: WorkerThread): void {
    this.senders.set(batch.buffer, sender)
    this.writer.write(batch)
  }

  /** After rotation: the files are opened anew. */
  reopen(): void {
    this.writer.reopen()
  }

  /** Everything that came in is written when it resolves. */
  close(): Promise<void> {
    return this.writer.drain()
  }

  private returnBuffer(batch: AccessLogBatch): void {
    const sender = this.senders.get(batch.buffer)
    this.senders.delete(batch.buffer)
    sender?.giveBack(batch)
  }
}
