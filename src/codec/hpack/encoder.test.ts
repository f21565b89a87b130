import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { HpackDecoder as IndependentDecoder } from '../../../test/support/hpack-wire.ts'
import { HpackDecoder } from './decoder.ts'
import { HpackEncoder, type HuffmanUse, type IndexingPolicy } from './encoder.ts'
import {
  REQUESTS_HUFFMAN,
  REQUESTS_PLAIN,
  RESPONSES_HUFFMAN,
  RESPONSES_PLAIN,
} from '../../../test/codec/rfc7541-examples.ts'

const NO_POLICIES: ReadonlyMap<string, IndexingPolicy> = new Map()

function encoderOf(huffman: HuffmanUse = 'never', policies = NO_POLICIES, maxTableSize = 4096): HpackEncoder {
  return new HpackEncoder({ policies, huffman, maxTableSize })
}

/** Encodes `name: value` lines. */
function encode(encoder: HpackEncoder, lines: readonly string[]): Buffer {
  const fields = lines.flatMap((line) => {
    const colon = line.indexOf(':', 1)
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  const bound = encoder.bound(fields, 0, 0)
  const buffer = Buffer.alloc(bound)
  encoder.begin(buffer, 0)
  for (let i = 0; i < fields.length; i += 2) encoder.field(fields[i], fields[i + 1])
  expect(encoder.end()).toBeLessThanOrEqual(bound)
  return buffer.subarray(0, encoder.end())
}

describe('the HPACK encoder', () => {
  test.each([
    ['C.3', REQUESTS_PLAIN, 'never', 4096],
    ['C.4', REQUESTS_HUFFMAN, 'always', 4096],
    ['C.5', RESPONSES_PLAIN, 'never', 256],
    ['C.6', RESPONSES_HUFFMAN, 'always', 256],
  ] as const)('encodes the lists of RFC 7541 %s as shown there', (_name, examples, huffman, tableSize) => {
    const encoder = encoderOf(huffman, NO_POLICIES, tableSize)
    // The example presumes a setting of that size, so there is no size update to see.
    if (tableSize !== 4096) encoder.begin(Buffer.alloc(16), 0)
    for (const { hex, fields } of examples) expect(encode(encoder, fields).toString('hex')).toBe(hex)
  })

  test('refers to a repeated field by one octet', () => {
    const encoder = encoderOf()
    encode(encoder, ['user-agent: curl/8.5.0'])
    expect(encode(encoder, ['user-agent: curl/8.5.0']).toString('hex')).toBe('be')
  })

  test('keeps values that never repeat out of the table, but names them by an entry', () => {
    const encoder = encoderOf('never', new Map<string, IndexingPolicy>([['x-request-id', 'literal']]))
    encode(encoder, ['x-request-id: 1', 'a: b'])
    expect(encode(encoder, ['x-request-id: 2']).toString('hex')).toBe('0f300132')
    expect(encode(encoder, ['a: b']).toString('hex')).toBe('be')
  })

  test('sends secrets as never-indexed literals each time', () => {
    const encoder = encoderOf('indexed', new Map<string, IndexingPolicy>([['authorization', 'never']]))
    const first = encode(encoder, ['authorization: x'])
    expect(first.toString('hex')).toBe('1f080178')
    expect(encode(encoder, ['authorization: x'])).toEqual(first)
    const buffer = Buffer.alloc(64)
    encoder.begin(buffer, 0)
    encoder.neverIndexedField('x-api-key', 'k')
    expect(buffer.toString('latin1', 0, encoder.end())).toBe('\x10\x09x-api-key\x01k')
  })

  test('leaves out what must not be sent', () => {
    const encoder = encoderOf('never', new Map<string, IndexingPolicy>([['connection', 'omit']]))
    expect(encode(encoder, ['connection: close', ':method: GET']).toString('hex')).toBe('82')
  })

  test('stops inserting values of a name that turns out never to repeat', () => {
    const encoder = encoderOf()
    encode(encoder, ['stays: here'])
    for (let i = 0; i < 400; i++) encode(encoder, [`x-unique: value-${i}`])
    expect(encode(encoder, ['stays: here']).length).toBe(1)
  })

  test('announces a smaller and again larger table in the next block (RFC 7541 4.2)', () => {
    const encoder = encoderOf()
    encode(encoder, ['a: b'])
    encoder.setPeerTableSize(0)
    encoder.setPeerTableSize(200)
    expect(encode(encoder, ['a: b']).toString('hex')).toBe('203fa90140016101' + '62')
    expect(encode(encoder, ['a: b']).toString('hex')).toBe('be')
  })

  test('does without a table when the peer has none', () => {
    const encoder = encoderOf()
    encoder.setPeerTableSize(0)
    expect(encode(encoder, ['a: b']).toString('hex')).toBe('200001610162')
    expect(encode(encoder, ['a: b']).toString('hex')).toBe('0001610162')
  })

  test('is understood by an independent decoder and by our own, whatever is sent and however the table changes', () => {
    const name = fc.constantFrom(':path', 'a', 'b', 'c', 'cookie', 'x-request-id', 'content-type', 'te')
    const value = fc.oneof(fc.constantFrom('', '1', 'text/html', 'v'.repeat(130)), fc.string({ maxLength: 60 }))
    const block = fc.record({
      fields: fc.array(fc.tuple(name, value), { maxLength: 12 }),
      tableSize: fc.option(fc.nat(4096)),
    })
    const policies = new Map<string, IndexingPolicy>([
      ['cookie', 'never'],
      ['x-request-id', 'literal'],
      [':path', 'literal'],
    ])
    const huffman = fc.constantFrom<HuffmanUse>('always', 'indexed', 'never')
    fc.assert(
      fc.property(fc.array(block, { maxLength: 25 }), huffman, (blocks, use) => {
        const encoder = encoderOf(use, policies)
        const independent = new IndependentDecoder()
        const own = new HpackDecoder({ classify: () => 0, staticKinds: new Uint8Array(62) }, 4096, 4096)
        for (const { fields, tableSize } of blocks) {
          if (tableSize !== null) encoder.setPeerTableSize(tableSize)
          const lines = fields.map(([key, text]) => `${key}: ${text.replaceAll(/[^\x20-\x7e]/g, '?')}`)
          const bytes = encode(encoder, lines)
          const decoded: string[] = []
          const receiver = {
            onField: (key: string, text: string): void => void decoded.push(`${key}: ${text}`),
            onNeverIndexed: (): void => undefined,
          }
          expect(own.decode(bytes, 0, bytes.length, receiver)).toBeUndefined()
          expect(decoded).toEqual(lines)
          expect(independent.decode(bytes).map(([key, text]) => `${key}: ${text}`)).toEqual(lines)
        }
      }),
      { seed: 42, numRuns: 200 },
    )
  })
})
