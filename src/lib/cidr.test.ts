import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CidrTable, parseCidr, parseCidrText } from './cidr.ts'

describe('a range', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.1.2.3/16', '10.1.255.255', true],
    ['0.0.0.0/0', '1.2.3.4', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '1.2.3.4', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.6', false],
    ['10.0.0.0/8', 'not an address', false],
    ['10.0.0.0/8', '', false],
    ['255.255.255.255/32', '255.255.255.255', true],
    ['128.0.0.0/1', '200.0.0.1', true],
  ])('%s contains %s: %j', (range, ip, expected) => {
    expect(parseCidrText(range)?.contains(ip)).toBe(expected)
  })

  test('is printed with its host bits cleared', () => {
    expect(String(parseCidr('10.1.2.3', 16))).toBe('10.1.0.0/16')
    expect(String(parseCidr('2001:db8::ff', 120))).toBe('2001:db8::/120')
  })

  test('has its length cut to what the family allows', () => {
    expect(String(parseCidr('10.1.2.3', 64))).toBe('10.1.2.3/32')
  })

  test.each(['x/8', '10.0.0.0/', '10.0.0.0/x', '10.0.0/8', '/8'])('%s is no range', (text) => {
    expect(parseCidrText(text)).toBeUndefined()
  })
})

describe('a table of ranges', () => {
  test('answers with the longest prefix, whatever the order in which ranges were added', () => {
    const table = new CidrTable<string>()
    for (const text of ['0.0.0.0/0', '10.1.0.0/16', '10.0.0.0/8', '10.1.2.3/32', 'fd00::/8'])
      table.add(parseCidrText(text)!, text)
    expect(table.lookup('10.1.2.3')).toBe('10.1.2.3/32')
    expect(table.lookup('10.1.2.4')).toBe('10.1.0.0/16')
    expect(table.lookup('10.2.0.0')).toBe('10.0.0.0/8')
    expect(table.lookup('9.9.9.9')).toBe('0.0.0.0/0')
    expect(table.lookup('fd00::9')).toBe('fd00::/8')
    expect(table.lookup('2001::')).toBeUndefined()
    expect(table.lookup('nonsense')).toBeUndefined()
  })

  test('falls back from range to wider range', () => {
    const table = new CidrTable<string>()
    for (const text of ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0']) table.add(parseCidrText(text)!, text)
    const seen: string[] = []
    for (
      let at = table.lookupBelow('10.1.1.1', 129);
      at !== undefined;
      at = table.lookupBelow('10.1.1.1', at.prefixLength)
    ) {
      seen.push(at.value)
    }
    expect(seen).toEqual(['10.1.0.0/16', '10.0.0.0/8', '0.0.0.0/0'])
  })

  test('keeps the first of equal ranges', () => {
    const table = new CidrTable<number>()
    expect(table.add(parseCidr('10.0.0.1', 8)!, 1)).toBe(true)
    expect(table.add(parseCidr('10.9.9.9', 8)!, 2)).toBe(false)
    expect(table.lookup('10.0.0.0')).toBe(1)
  })

  test('agrees with asking every range in turn', () => {
    const address = fc.oneof(
      fc
        .tuple(
          fc.constantFrom(10, 172),
          fc.integer({ min: 0, max: 3 }),
          fc.integer({ min: 0, max: 255 }),
          fc.integer({ min: 0, max: 255 }),
        )
        .map((o) => o.join('.')),
      fc
        .tuple(fc.constantFrom('fd00', '2001:db8'), fc.integer({ min: 0, max: 65535 }))
        .map(([p, n]) => `${p}::${n.toString(16)}`),
    )
    const range = fc.tuple(address, fc.integer({ min: 0, max: 128 }))
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 40 }),
        fc.array(address, { minLength: 1, maxLength: 20 }),
        (ranges, ips) => {
          const table = new CidrTable<string>()
          const all = ranges.map(([ip, length]) => parseCidr(ip, length)!)
          for (const one of all) table.add(one, String(one))
          for (const ip of ips) {
            const around = all.filter((one) => one.contains(ip)).sort((a, b) => b.prefixLength - a.prefixLength)
            expect(table.lookup(ip)).toBe(around.length === 0 ? undefined : String(around[0]))
          }
        },
      ),
      { seed: 11, numRuns: 500 },
    )
  })
})
