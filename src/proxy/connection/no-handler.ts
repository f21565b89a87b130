// The handler of a connection that nobody uses yet: what arrives would be lost, so owners pause reading until they attach.

import type { ConnectionHandler } from './connection.ts'

export const NO_HANDLER: ConnectionHandler = {
  onData(): void {},
  onEnd(): void {},
  onWritable(): void {},
  onClose(): void {},
}
