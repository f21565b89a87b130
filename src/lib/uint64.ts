// Unsigned 64-bit integers as two halves, changed in place: hashes per request without BigInt (decision record 0001).

const TWO_TO_32 = 0x1_0000_0000

export class UInt64 {
  /** Both as signed 32-bit integers, which V8 keeps without a heap object. */
  high: number
  low: number

  constructor(high = 0, low = 0) {
    this.high = high | 0
    this.low = low | 0
  }

  set(high: number, low: number): void {
    this.high = high | 0
    this.low = low | 0
  }

  copy(from: UInt64): void {
    this.high = from.high
    this.low = from.low
  }

  add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0)
    this.high = (this.high + high + (sum >= TWO_TO_32 ? 1 : 0)) | 0
    this.low = sum | 0
  }

  /** The lower 64 bits of the product. */
  multiply(high: number, low: number): void {
    const a = this.low & 0xffff
    const b = this.low >>> 16
    const c = low & 0xffff
    const d = low >>> 16
    // Sums of products of 16 bits stay far below 2^53, so they are exact.
    const middle = a * d + b * c + ((a * c) >>> 16)
    const carried = b * d + Math.floor(middle / 0x10000)
    this.high = (carried + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0
    this.low = Math.imul(this.low, low)
  }

  xor(high: number, low: number): void {
    this.high ^= high
    this.low ^= low
  }

  /** `this ^= this >>> bits`, for 1 to 63 bits. */
  xorShiftRight(bits: number): void {
    if (bits >= 32) {
      this.low ^= this.high >>> (bits - 32)
      return
    }
    this.low ^= (this.low >>> bits) | (this.high << (32 - bits))
    this.high ^= this.high >>> bits
  }

  /** For 1 to 31 bits. */
  rotateLeft(bits: number): void {
    const { high, low } = this
    this.high = (high << bits) | (low >>> (32 - bits))
    this.low = (low << bits) | (high >>> (32 - bits))
  }

  /** The remainder of a division by at most 2^26. */
  remainder(divisor: number): number {
    return (((this.high >>> 0) % divisor) * (TWO_TO_32 % divisor) + (this.low >>> 0)) % divisor
  }

  /** 16 hexadecimal digits, lower-case. */
  toHex(): string {
    return hex32(this.high) + hex32(this.low)
  }
}

function hex32(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0')
}
