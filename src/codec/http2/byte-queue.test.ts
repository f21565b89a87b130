import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ByteQueue } from './byte-queue.ts'

describe('a byte queue', () => {
  test('gives back what was put in, in order, in pieces of any size', () => {
    const operations = fc.array(fc.tuple(fc.nat(9000), fc.nat(9000)), { maxLength: 40 })
    const everything = Buffer.from(Array.from({ length: 40 * 9000 }, (_, i) => (i * 7) & 0xff))
    fc.assert(
      fc.property(operations, (steps) => {
        const queue = new ByteQueue()
        const out: Buffer[] = []
        let put = 0
        let taken = 0
        for (const [size, wanted] of steps) {
          queue.append(everything, put, put + size)
          put += size
          for (let left = wanted; left > 0 && queue.length > 0;) {
            const piece = queue.peek(left)
            expect(piece.length).toBeGreaterThan(0)
            out.push(Buffer.from(piece))
            queue.consume(piece.length)
            left -= piece.length
            taken += piece.length
          }
          expect(queue.length).toBe(put - taken)
        }
        expect(Buffer.concat(out).equals(everything.subarray(0, taken))).toBe(true)
      }),
      { seed: 5, numRuns: 100 },
    )
  })

  test('keeps single bytes in few blocks', () => {
    const queue = new ByteQueue()
    for (let i = 0; i < 65_535; i++) queue.append(Buffer.of(i), 0, 1)
    let pieces = 0
    for (; queue.length > 0; pieces++) queue.consume(queue.peek(queue.length).length)
    expect(pieces).toBeLessThan(10)
  })

  test('does not touch what was looked at when more is put in before it is consumed', () => {
    const queue = new ByteQueue()
    queue.append(Buffer.from('first'), 0, 5)
    const piece = queue.peek(5)
    queue.append(Buffer.from('other'), 0, 5)
    expect(piece.toString()).toBe('first')
    queue.consume(5)
    expect(queue.peek(5).toString()).toBe('other')
  })

  test('uses large blocks again once they are consumed', () => {
    const queue = new ByteQueue()
    queue.append(Buffer.alloc(16_384), 0, 16_384)
    const first = queue.peek(16_384).buffer
    queue.consume(16_384)
    queue.append(Buffer.alloc(16_384), 0, 16_384)
    expect(queue.peek(16_384).buffer).toBe(first)
  })
})
