import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { HpackDecoder, type FieldClassifier, type FieldReceiver } from './decoder.ts'
import { APPENDIX_C, REQUESTS_PLAIN } from '../../../test/codec/rfc7541-examples.ts'

const PLAIN: FieldClassifier = { classify: () => 0, staticKinds: new Uint8Array(62) }

class Fields implements FieldReceiver {
  readonly list: string[] = []
  readonly neverIndexed: string[] = []

  onField(name: string, value: string): void {
    this.list.push(`${name}: ${value}`)
  }

  onNeverIndexed(name: string): void {
    this.neverIndexed.push(name)
  }
}

function decoderOf(size = 4096): HpackDecoder {
  return new HpackDecoder(PLAIN, size, 1000)
}

function decode(decoder: HpackDecoder, hex: string, fields = new Fields()): string[] | string {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return decoder.decode(block, 0, block.length, fields) ?? fields.list
}

describe('the HPACK decoder', () => {
  test.each(APPENDIX_C)('decodes RFC 7541 $name, keeping the same table', ({ tableSize, blocks }) => {
    const decoder = decoderOf()
    decoder.table.resize(tableSize)
    for (const { hex, fields, tableSizeAfter } of blocks) {
      expect(decode(decoder, hex)).toEqual(fields)
      expect(decoder.table.size).toBe(tableSizeAfter)
    }
  })

  test('shares the strings of table entries between blocks', () => {
    const decoder = decoderOf()
    const values: string[] = []
    const receiver: FieldReceiver = { onField: (_name, value) => values.push(value), onNeverIndexed: () => undefined }
    const first = Buffer.from(REQUESTS_PLAIN[0].hex, 'hex')
    decoder.decode(first, 0, first.length, receiver)
    const size = decoder.table.size
    decoder.decode(Buffer.of(0xbe), 0, 1, receiver)
    expect(values.at(-1)).toBe('www.example.com')
    expect(decoder.table.size).toBe(size)
  })

  test('reports never-indexed literals, so that the next hop can keep them so', () => {
    const fields = new Fields()
    expect(decode(decoderOf(), '1008 70617373776f7264 06 736563726574', fields)).toEqual(['password: secret'])
    expect(fields.neverIndexed).toEqual(['password'])
  })

  test.each([
    ['index 0', '80', 'index 0'],
    ['an index beyond both tables', 'be', 'index beyond the table'],
    ['a name index beyond both tables', '7e 00', 'name index beyond the table'],
    ['an integer without end', 'ff ffffffffffffffff', 'integer cut off or too large'],
    ['an integer that is cut off', 'ff', 'integer cut off or too large'],
    ['a value that is cut off', '400161 05 6162', 'string cut off'],
    ['a missing value', '400161', 'string cut off'],
    ['a name that is cut off', '40 7fe907', 'string cut off'],
    ['broken Huffman code', '400161 81 ff', 'invalid Huffman code'],
    ['a size update above the limit', '3fe21f', 'table size update above the limit'],
    ['a size update behind a field', '82 20', 'table size update after a field'],
  ])('refuses %s', (_what, hex, error) => {
    expect(decode(decoderOf(), hex)).toBe(error)
  })

  test('refuses an oversized literal before it allocates anything for it', () => {
    const literal = Buffer.concat([Buffer.from('4001617fea07', 'hex'), Buffer.alloc(1129, 'x')])
    expect(decode(decoderOf(), literal.toString('hex'))).toBe('string too long')
  })

  test('insists on a size update after our setting went down', () => {
    const decoder = decoderOf()
    decoder.setMaxTableSize(100)
    expect(decode(decoder, '82')).toBe('table size update missing')
    expect(decode(decoder, '3f45 82')).toEqual([':method: GET'])
    expect(decode(decoder, '3f46')).toBe('table size update above the limit')
  })

  test('keeps its table within its size whatever the peer inserts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 }), fc.nat(600), (values, limit) => {
        const decoder = decoderOf()
        decoder.table.resize(limit)
        for (const value of values) {
          const block = Buffer.concat([Buffer.of(0x40, 1, 0x61, value.length), value])
          decoder.decode(block, 0, block.length, new Fields())
          expect(decoder.table.size).toBeLessThanOrEqual(limit)
        }
      }),
      { seed: 3, numRuns: 100 },
    )
  })
})
