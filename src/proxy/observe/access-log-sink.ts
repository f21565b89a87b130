// Where access loggers write. The worker implements it with a batch of lines per file; see telemetry/access-log-batch.ts.

export interface AccessLogSink {
  /**
   * Takes one entry, its newline included. One octet per character: to be written as latin1. It must not block; an entry
   * that finds no room is dropped and counted by the sink.
   */
  write(line: string): void
}
