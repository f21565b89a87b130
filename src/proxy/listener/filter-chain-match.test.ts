import { describe, expect, test } from '@jest/globals'
import { parseCidrText } from '../../lib/cidr.ts'
import type { CidrRange } from '../../lib/cidr.ts'
import { socketAddress } from '../stream/address.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import { chooseByCriteria } from './filter-chain-match.ts'
import type { FilterChainCriteria } from './filter-chain-match.ts'

const ANY: FilterChainCriteria = {
  destinationPort: 0,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: 'any',
  sourcePrefixRanges: [],
  sourcePorts: [],
}

function range(text: string): CidrRange {
  const parsed = parseCidrText(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

interface Arrival {
  to?: string
  from?: string
  sni?: string
  alpn?: string[]
  tls?: boolean
}

function factsOf({
  to = '10.0.0.1:80',
  from = '192.0.2.7:4000',
  sni = '',
  alpn = [],
  tls = false,
}: Arrival): ConnectionFacts {
  const address = (text: string): ReturnType<typeof socketAddress> => {
    const colon = text.lastIndexOf(':')
    return socketAddress(text.slice(0, colon), Number(text.slice(colon + 1)))
  }
  const facts = newConnectionFacts({ local: address(to), remote: address(from) })
  facts.requestedServerName = sni
  facts.applicationProtocols = alpn
  facts.transportProtocol = tls ? 'tls' : 'raw_buffer'
  return facts
}

/** The index of the chain that takes the connection. */
function choose(chains: Partial<FilterChainCriteria>[], arrival: Arrival): number {
  return chooseByCriteria(
    chains.map((chain) => ({ ...ANY, ...chain })),
    factsOf(arrival),
  )
}

describe('the chain of a connection', () => {
  test.each<[string, Partial<FilterChainCriteria>[], Arrival, number]>([
    ['is none when none matches', [{ destinationPort: 81 }], {}, -1],
    ['is the first of equals', [{}, {}], {}, 0],
    ['has its port', [{}, { destinationPort: 80 }], {}, 1],
    [
      'has the longest prefix',
      [{ prefixRanges: [range('10.0.0.0/8')] }, { prefixRanges: [range('10.0.0.0/24')] }, {}],
      {},
      1,
    ],
    ['prefers any prefix to none', [{}, { prefixRanges: [range('0.0.0.0/0')] }], {}, 1],
    ['has the exact name', [{ serverNames: ['*.test'] }, { serverNames: ['a.test'] }, {}], { sni: 'a.test' }, 1],
    ['has the longest wildcard', [{ serverNames: ['*.test'] }, { serverNames: ['*.b.test'] }], { sni: 'a.b.test' }, 1],
    ['is not found by the bare domain of a wildcard', [{ serverNames: ['*.test'] }, {}], { sni: 'test' }, 1],
    ['takes connections without a name when it names none', [{ serverNames: ['a.test'] }, {}], {}, 1],
    ['has its transport protocol', [{}, { transportProtocol: 'tls' }], { tls: true }, 1],
    ['does not have another transport protocol', [{}, { transportProtocol: 'tls' }], {}, 0],
    ['has one of its application protocols', [{}, { applicationProtocols: ['h2', 'h2c'] }], { alpn: ['h2c'] }, 1],
    [
      'knows local sources',
      [{ sourceType: 'external' }, { sourceType: 'sameIpOrLoopback' }],
      { from: '127.0.0.1:1' },
      1,
    ],
    [
      'knows the same address as local',
      [{ sourceType: 'external' }, { sourceType: 'sameIpOrLoopback' }],
      { from: '10.0.0.1:1' },
      1,
    ],
    ['knows external sources', [{ sourceType: 'external' }, { sourceType: 'sameIpOrLoopback' }], {}, 0],
    [
      'has the longest source prefix',
      [{ sourcePrefixRanges: [range('192.0.0.0/8')] }, { sourcePrefixRanges: [range('192.0.2.0/24')] }],
      {},
      1,
    ],
    ['has its source port', [{}, { sourcePorts: [3999, 4000] }], {}, 1],
    [
      'is decided by the port before the prefix',
      [{ prefixRanges: [range('10.0.0.1/32')] }, { destinationPort: 80 }],
      {},
      1,
    ],
    [
      'is decided by the name before the protocol',
      [{ transportProtocol: 'tls' }, { serverNames: ['a.test'] }],
      { sni: 'a.test', tls: true },
      1,
    ],
    [
      'is not looked for again when a later criterion fails',
      [{ destinationPort: 80, sourcePorts: [1] }, { sourcePorts: [4000] }],
      {},
      -1,
    ],
  ])('%s', (_name, chains, arrival, expected) => {
    expect(choose(chains, arrival)).toBe(expected)
  })
})
