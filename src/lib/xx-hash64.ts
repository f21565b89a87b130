// xxHash64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): what Envoy hashes requests and hosts with.

import { scratchBytes } from './scratch-bytes.ts'
import { UInt64 } from './uint64.ts'

// The primes of the specification, in halves.
const P1H = 0x9e3779b1
const P1L = 0x85ebca87
const P2H = 0xc2b2ae3d
const P2L = 0x27d4eb4f
const P3H = 0x165667b1
const P3L = 0x9e3779f9
const P4H = 0x85ebca77
const P4L = 0xc2b2ae63
const P5H = 0x27d4eb2f
const P5L = 0x165667c5

const lane = new UInt64()
const accumulators = [new UInt64(), new UInt64(), new UInt64(), new UInt64()] as const

/** Hashes text of one character per octet into `hash`. */
export function xxHash64(text: string, hash: UInt64, seedLow = 0, seedHigh = 0): void {
  const { length } = text
  const bytes = scratchBytes(text)
  let at = 0
  if (length >= 32) {
    at = mixStripes(bytes, length, seedLow, seedHigh)
    mergeAccumulators(hash)
  } else {
    hash.set(P5H, P5L)
    hash.add(seedHigh, seedLow)
  }
  hash.add(0, length)
  mixTail(bytes, at, length, hash)
  hash.xorShiftRight(33)
  hash.multiply(P2H, P2L)
  hash.xorShiftRight(29)
  hash.multiply(P3H, P3L)
  hash.xorShiftRight(32)
}

/** Takes all whole stripes of 32 octets, and returns where they end. */
function mixStripes(bytes: Buffer, length: number, seedLow: number, seedHigh: number): number {
  const [one, two, three, four] = accumulators
  one.set(P1H, P1L)
  one.add(P2H, P2L)
  one.add(seedHigh, seedLow)
  two.set(P2H, P2L)
  two.add(seedHigh, seedLow)
  three.set(seedHigh, seedLow)
  four.set(~P1H, ~P1L)
  four.add(0, 1)
  four.add(seedHigh, seedLow)
  let at = 0
  for (; at + 32 <= length; at += 32) {
    mixLane(one, bytes, at)
    mixLane(two, bytes, at + 8)
    mixLane(three, bytes, at + 16)
    mixLane(four, bytes, at + 24)
  }
  return at
}

function mixLane(accumulator: UInt64, bytes: Buffer, at: number): void {
  lane.set(bytes.readInt32LE(at + 4), bytes.readInt32LE(at))
  lane.multiply(P2H, P2L)
  accumulator.add(lane.high, lane.low)
  accumulator.rotateLeft(31)
  accumulator.multiply(P1H, P1L)
}

function mergeAccumulators(hash: UInt64): void {
  const [one, two, three, four] = accumulators
  hash.set(0, 0)
  addRotated(hash, one, 1)
  addRotated(hash, two, 7)
  addRotated(hash, three, 12)
  addRotated(hash, four, 18)
  mergeAccumulator(hash, one)
  mergeAccumulator(hash, two)
  mergeAccumulator(hash, three)
  mergeAccumulator(hash, four)
}

function addRotated(hash: UInt64, accumulator: UInt64, bits: number): void {
  lane.copy(accumulator)
  lane.rotateLeft(bits)
  hash.add(lane.high, lane.low)
}

function mergeAccumulator(hash: UInt64, accumulator: UInt64): void {
  lane.copy(accumulator)
  xorRound(hash)
  hash.multiply(P1H, P1L)
  hash.add(P4H, P4L)
}

/** `hash ^= round(0, lane)`. */
function xorRound(hash: UInt64): void {
  lane.multiply(P2H, P2L)
  lane.rotateLeft(31)
  lane.multiply(P1H, P1L)
  hash.xor(lane.high, lane.low)
}

function mixTail(bytes: Buffer, start: number, length: number, hash: UInt64): void {
  let at = start
  for (; at + 8 <= length; at += 8) {
    lane.set(bytes.readInt32LE(at + 4), bytes.readInt32LE(at))
    xorRound(hash)
    hash.rotateLeft(27)
    hash.multiply(P1H, P1L)
    hash.add(P4H, P4L)
  }
  if (at + 4 <= length) {
    lane.set(0, bytes.readInt32LE(at))
    lane.multiply(P1H, P1L)
    hash.xor(lane.high, lane.low)
    hash.rotateLeft(23)
    hash.multiply(P2H, P2L)
    hash.add(P3H, P3L)
    at += 4
  }
  for (; at < length; at++) {
    lane.set(0, bytes[at])
    lane.multiply(P5H, P5L)
    hash.xor(lane.high, lane.low)
    hash.rotateLeft(11)
    hash.multiply(P1H, P1L)
  }
}
