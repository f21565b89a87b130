import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { huffmanDecode, huffmanDecodedBound, huffmanEncode, huffmanEncodedLength } from './huffman.ts'

function encode(text: string): Buffer {
  const target = Buffer.alloc(text.length * 4 + 8)
  return target.subarray(0, huffmanEncode(text, target, 0))
}

function decode(bytes: Buffer): string | undefined {
  const target = Buffer.alloc(huffmanDecodedBound(bytes.length))
  const length = huffmanDecode(bytes, 0, bytes.length, target)
  return length < 0 ? undefined : target.toString('latin1', 0, length)
}

describe('the Huffman code of HPACK', () => {
  // The strings of RFC 7541 C.4 and C.6.
  const EXAMPLES = [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ] as const

  test.each(EXAMPLES)('encodes and decodes %s as RFC 7541 does', (text, hex) => {
    expect(encode(text).toString('hex')).toBe(hex)
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text)
  })

  test('gives back every octet in every neighbourhood', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const text = Buffer.from(octets).toString('latin1')
        const encoded = encode(text)
        expect(encoded.length).toBe(huffmanEncodedLength(text))
        expect(decode(encoded)).toBe(text)
      }),
      { seed: 7541, numRuns: 500 },
    )
  })

  test.each([
    ['padding of eight ones', 'ff'],
    ['padding of zeros', '00'],
    ['a whole octet of padding behind a symbol', '07ff'],
    ['the EOS symbol', 'ffffffff'],
    ['EOS behind a symbol', '07fffffffc'],
    ['a code that is cut off', 'fff8'],
  ])('refuses %s', (_what, hex) => {
    expect(decode(Buffer.from(hex, 'hex'))).toBeUndefined()
  })

  test('never writes beyond the bound, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
        const target = Buffer.alloc(huffmanDecodedBound(octets.length))
        expect(huffmanDecode(octets, 0, octets.length, target)).toBeLessThanOrEqual(target.length)
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
