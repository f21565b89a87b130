import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MersenneTwister } from './mersenne-twister.ts'
import { murmurHash2 } from './murmur-hash2.ts'
import { UInt64 } from './uint64.ts'
import { xxHash64 } from './xx-hash64.ts'

const MASK = (1n << 64n) - 1n
const anyNumber = fc.bigInt({ min: 0n, max: MASK })

function split(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)]
}

function join(value: UInt64): bigint {
  return BigInt(`0x${value.toHex()}`)
}

describe('UInt64', () => {
  test('calculates as BigInt does', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, fc.integer({ min: 1, max: 31 }), (a, b, bits) => {
        const after = (change: (value: UInt64) => void): bigint => {
          const value = new UInt64(...split(a))
          change(value)
          return join(value)
        }
        const shift = BigInt(bits)
        expect(after((value) => value.add(...split(b)))).toBe((a + b) & MASK)
        expect(after((value) => value.multiply(...split(b)))).toBe((a * b) & MASK)
        expect(after((value) => value.xor(...split(b)))).toBe(a ^ b)
        expect(after((value) => value.rotateLeft(bits))).toBe(((a << shift) | (a >> (64n - shift))) & MASK)
        expect(after((value) => value.xorShiftRight(bits))).toBe(a ^ (a >> shift))
        expect(after((value) => value.xorShiftRight(bits + 32))).toBe(a ^ (a >> (shift + 32n)))
      }),
    )
  })

  test('has the remainder of a division by numbers up to the largest Maglev table', () => {
    fc.assert(
      fc.property(anyNumber, fc.integer({ min: 1, max: 5_000_011 }), (a, divisor) => {
        expect(new UInt64(...split(a)).remainder(divisor)).toBe(Number(a % BigInt(divisor)))
      }),
    )
  })
})

describe('xxHash64', () => {
  const hashed = (text: string, seed?: number): string => {
    const hash = new UInt64()
    xxHash64(text, hash, seed)
    return hash.toHex()
  }

  // From the reference implementation (XXH64 of xxHash 0.8).
  test.each([
    ['', 0, 'ef46db3751d8e999'],
    ['a', 0, 'd24ec4f1a98c6e5b'],
    ['abc', 0, '44bc2cf5ad770999'],
    ['foo', 0, '33bf00a859c4ba3f'],
    ['message digest', 0, '066ed728fceeb3be'],
    ['abcdefghijklmnopqrstuvwxyz', 0, 'cfe1f278fa89835c'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 0, 'aaa46907d3047814'],
    ['12345678901234567890123456789012345678901234567890123456789012345678901234567890', 0, 'e04a477f19ee145d'],
  ])('of %j with seed %d is %s', (text, seed, expected) => {
    expect(hashed(text, seed)).toBe(expected)
  })

  test('depends on the seed, and not on what was hashed before', () => {
    const first = hashed('10.0.0.1:80', 1)
    hashed('x'.repeat(5000))
    expect(hashed('10.0.0.1:80', 1)).toBe(first)
    expect(hashed('10.0.0.1:80')).not.toBe(first)
  })
})

test('MurmurHash2 is that of std::hash', () => {
  const hashed = (text: string): string => {
    const hash = new UInt64()
    murmurHash2(text, hash)
    return hash.toHex()
  }
  expect(hashed('')).toBe('553e93901e462a6e')
  expect(new Set(['abcdefg', 'abcdefgh', 'abcdefghi', 'abcdefg\0'].map(hashed)).size).toBe(4)
})

test('the Mersenne twister gives the numbers of std::mt19937', () => {
  const twister = new MersenneTwister()
  twister.seed(5489)
  expect(twister.next()).toBe(3499211612)
  // The C++ standard (rand.predef) names the 10000th.
  for (let i = 2; i < 10_000; i++) twister.next()
  expect(twister.next()).toBe(4123659995)
})
