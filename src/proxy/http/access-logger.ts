// What the connection manager and tcp_proxy call when a stream is over; the loggers themselves live in observe/.

import type { StreamInfo } from '../stream/stream-info.ts'

export interface AccessLogger {
  log(info: StreamInfo): void
}
