// What ring and Maglev are to the balancer: a table that takes every hash to a host.

import type { UInt64 } from '../../../lib/uint64.ts'
import type { Host } from '../host.ts'

export interface HashTable {
  /** `refused` hosts were chosen by this hash before and are not wanted. Undefined when there are no hosts. */
  chooseHost(hash: UInt64, refused: number): Host | undefined
}
