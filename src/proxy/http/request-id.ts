// x-request-id: a random UUID (version 4) whose 15th character carries the trace reason, as Envoy's extension packs it.

import { randomFillSync } from 'node:crypto'

const POOL_IDS = 128
const pool = Buffer.allocUnsafeSlow(POOL_IDS * 16)
let next = POOL_IDS
const HEX: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case, 36 characters. Random bytes are fetched for 128 ids at a time. */
export function newRequestId(): string {
  if (next === POOL_IDS) {
    randomFillSync(pool)
    next = 0
  }
  const at = next++ * 16
  const b = pool
  return (
    HEX[b[at]] +
    HEX[b[at + 1]] +
    HEX[b[at + 2]] +
    HEX[b[at + 3]] +
    '-' +
    HEX[b[at + 4]] +
    HEX[b[at + 5]] +
    '-' +
    HEX[(b[at + 6] & 0x0f) | 0x40] +
    HEX[b[at + 7]] +
    '-' +
    HEX[(b[at + 8] & 0x3f) | 0x80] +
    HEX[b[at + 9]] +
    '-' +
    HEX[b[at + 10]] +
    HEX[b[at + 11]] +
    HEX[b[at + 12]] +
    HEX[b[at + 13]] +
    HEX[b[at + 14]] +
    HEX[b[at + 15]]
  )
}

const REASON_AT = 14

/** The id with its trace reason set back to none; ids of another form stay as they are. */
export function withoutTraceReason(id: string): string {
  if (id.length !== 36 || id[REASON_AT] === '4') return id
  return `${id.slice(0, REASON_AT)}4${id.slice(REASON_AT + 1)}`
}
