// MurmurHash2 for 64 bits as C++'s std::hash has it in GNU's library: the other hash function of Envoy's ring.

import { scratchBytes } from './scratch-bytes.ts'
import { UInt64 } from './uint64.ts'

const MH = 0xc6a4a793
const ML = 0x5bd1e995
const SEED = 0xc70f6907

const lane = new UInt64()

/** Hashes text of one character per octet into `hash`. */
export function murmurHash2(text: string, hash: UInt64): void {
  const { length } = text
  const bytes = scratchBytes(text)
  lane.set(0, length)
  lane.multiply(MH, ML)
  hash.set(lane.high, lane.low ^ SEED)
  let at = 0
  for (; at + 8 <= length; at += 8) {
    lane.set(bytes.readInt32LE(at + 4), bytes.readInt32LE(at))
    lane.multiply(MH, ML)
    lane.xorShiftRight(47)
    lane.multiply(MH, ML)
    hash.xor(lane.high, lane.low)
    hash.multiply(MH, ML)
  }
  if (at < length) {
    lane.set(littleEndian(bytes, at + 4, length), littleEndian(bytes, at, Math.min(length, at + 4)))
    hash.xor(lane.high, lane.low)
    hash.multiply(MH, ML)
  }
  hash.xorShiftRight(47)
  hash.multiply(MH, ML)
  hash.xorShiftRight(47)
}

/** The octets from `start` to `end`, at most four. */
function littleEndian(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = end - 1; at >= start; at--) value = (value << 8) | bytes[at]
  return value
}
