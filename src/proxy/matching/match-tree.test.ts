import { fromBinary, fromJson } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { StringValueSchema } from '@bufbuild/protobuf/wkt'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { testConnection, testRequest, testTls } from '../../../test/support/streams.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { MatcherSchema } from '../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import { Problems } from '../../lib/problems.ts'
import { compileMatcher } from './compile-matcher.ts'
import { HTTP_INPUTS } from './http-inputs.ts'
import { MatchTrace } from './match-trace.ts'
import { evaluate } from './match-tree.ts'
import type { MatchTree } from './match-tree.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

const NETWORK = 'type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.'

function tree(json: JsonObject, problems = new Problems('matcher')): MatchTree<StreamInfo, string> {
  const compiled = compileMatcher<StreamInfo, string>(
    fromJson(MatcherSchema, json, { registry }),
    {
      inputs: HTTP_INPUTS,
      compileAction: (config) => fromBinary(StringValueSchema, config.typedConfig!.value).value,
      valueKind: 'wire',
      allowsKeepMatching: true,
    },
    problems,
  )
  return compiled
}

function to(name: string, keepMatching = false): JsonObject {
  return {
    action: { name, typedConfig: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: name } },
    keepMatching,
  }
}

function input(type: string, fields: JsonObject = {}): JsonObject {
  return { name: type, typedConfig: { '@type': NETWORK + type, ...fields } }
}

function header(name: string): JsonObject {
  return {
    name,
    typedConfig: { '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput', headerName: name },
  }
}

type Range = [ranges: string[], onMatch: JsonObject, exclusive?: boolean]

function byIp(ranges: readonly Range[], onNoMatch?: JsonObject): JsonObject {
  const rangeMatchers = ranges.map(([prefixes, onMatch, exclusive]) => ({
    ranges: prefixes.map((prefix) => ({
      addressPrefix: prefix.split('/')[0],
      prefixLen: Number(prefix.split('/')[1]),
    })),
    onMatch,
    exclusive: exclusive ?? false,
  }))
  const customMatch = {
    name: 'ip',
    typedConfig: { '@type': 'type.googleapis.com/xds.type.matcher.v3.IPMatcher', rangeMatchers },
  }
  return { matcherTree: { input: input('DestinationIPInput'), customMatch }, ...(onNoMatch && { onNoMatch }) }
}

function byPort(map: Record<string, JsonObject>, onNoMatch?: JsonObject): JsonObject {
  return {
    matcherTree: { input: input('DestinationPortInput'), exactMatchMap: { map } },
    ...(onNoMatch && { onNoMatch }),
  }
}

function at(local: string): StreamInfo {
  return testRequest({}, testConnection(local))
}

describe('a matcher tree of addresses', () => {
  test('takes the longest prefix, and a shorter one where the longer leads nowhere', () => {
    const made = tree(
      byIp([
        [['10.0.0.0/8'], to('wide')],
        [['10.1.0.0/16'], { matcher: byPort({ '80': to('narrow') }) }],
      ]),
    )
    expect(evaluate(made, at('10.1.0.1:80'))).toBe('narrow')
    expect(evaluate(made, at('10.1.0.1:81'))).toBe('wide')
    expect(evaluate(made, at('10.2.0.1:80'))).toBe('wide')
    expect(evaluate(made, at('11.0.0.1:80'))).toBeUndefined()
  })

  test('takes an exclusive range only where no longer prefix contains the address', () => {
    const made = tree(
      byIp(
        [
          [['10.0.0.0/8'], to('wide'), true],
          [['10.1.0.0/16'], { matcher: byPort({ '80': to('narrow') }) }],
        ],
        to('none'),
      ),
    )
    expect(evaluate(made, at('10.1.0.1:81'))).toBe('none')
    expect(evaluate(made, at('10.2.0.1:81'))).toBe('wide')
  })

  test('takes the first of equal prefixes that leads anywhere', () => {
    const made = tree(
      byIp([
        [['10.0.0.0/8'], { matcher: byPort({ '80': to('first') }) }],
        [['11.0.0.0/8', '10.0.0.0/8'], to('second')],
      ]),
    )
    expect(evaluate(made, at('10.0.0.1:80'))).toBe('first')
    expect(evaluate(made, at('10.0.0.1:81'))).toBe('second')
    expect(evaluate(made, at('11.0.0.1:81'))).toBe('second')
  })
})

describe('a matcher tree of values', () => {
  test('as istiod sends it leads from address to port to protocol', () => {
    const protocol = {
      matcherTree: {
        input: input('ApplicationProtocolInput'),
        exactMatchMap: { map: { "'h2c'": to('http'), "'http/1.1'": to('http') } },
      },
      onNoMatch: to('tcp'),
    }
    const made = tree(
      byIp([[['10.0.0.1/32'], { matcher: byPort({ '80': to('eighty'), '85': { matcher: protocol } }) }]], to('direct')),
    )
    const h2c = testConnection('10.0.0.1:85')
    h2c.applicationProtocols = ['h2c']
    expect(evaluate(made, testRequest({}, h2c))).toBe('http')
    expect(evaluate(made, at('10.0.0.1:85'))).toBe('tcp')
    expect(evaluate(made, at('10.0.0.1:80'))).toBe('eighty')
    expect(evaluate(made, at('10.0.0.1:99'))).toBe('direct')
    expect(evaluate(made, at('[::1]:80'))).toBe('direct')
  })

  test('of prefixes takes the longest, then shorter ones', () => {
    const made = tree({
      matcherTree: {
        input: header('x'),
        prefixMatchMap: { map: { a: to('a'), abc: to('abc'), ab: { matcher: byPort({ '1': to('never') }) } } },
      },
      onNoMatch: to('none'),
    })
    const ask = (value: string): string | undefined => evaluate(made, testRequest({ headers: [['x', value]] }))
    expect([ask('abcd'), ask('abx'), ask('ax'), ask('b')]).toEqual(['abc', 'a', 'a', 'none'])
    expect(evaluate(made, testRequest({}))).toBe('none')
  })

  test.each<[JsonObject, string, boolean]>([
    [input('SourceIPInput'), '10.1.0.2', true],
    [input('SourcePortInput'), '4000', true],
    [input('DirectSourceIPInput'), '10.1.0.2', true],
    [input('DestinationIPInput'), '10.0.0.1', true],
    [input('ServerNameInput'), 'sni.example.com', true],
    [input('TransportProtocolInput'), 'tls', true],
    [input('ApplicationProtocolInput'), "'h2'", true],
    [input('SourceTypeInput'), 'local', false],
    [input('FilterStateInput', { key: 'k' }), 'v', true],
    [input('FilterStateInput', { key: 'absent' }), '', false],
    [header('x'), 'a,b', true],
    [header(':method'), 'GET', true],
    [
      {
        name: 'q',
        typedConfig: {
          '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestQueryParamMatchInput',
          queryParam: 'q',
        },
      },
      '1',
      true,
    ],
  ])('reads %j', (from, exact, expected) => {
    const info = testRequest(
      {
        path: '/?q=1',
        headers: [
          ['x', 'a'],
          ['x', 'b'],
        ],
      },
      testConnection(undefined, undefined, testTls({})),
    )
    info.filterState.set({ key: 'k', value: 'v', lifeSpan: 'request', sharing: 'none', readOnly: false })
    const made = tree({
      matcherList: {
        matchers: [{ predicate: { singlePredicate: { input: from, valueMatch: { exact } } }, onMatch: to('yes') }],
      },
    })
    expect(evaluate(made, info)).toBe(expected ? 'yes' : undefined)
  })
})

describe('a matcher list', () => {
  const is = (name: string, exact: string): JsonObject => ({
    singlePredicate: { input: header(name), valueMatch: { exact } },
  })

  test('goes on behind a match that leads nowhere, and behind one with keep_matching, which is told', () => {
    const made = tree({
      matcherList: {
        matchers: [
          { predicate: is('a', '1'), onMatch: { matcher: byPort({ '9': to('never') }) } },
          { predicate: is('a', '1'), onMatch: to('kept', true) },
          {
            predicate: { andMatcher: { predicate: [is('a', '1'), { notMatcher: is('b', '1') }] } },
            onMatch: to('and'),
          },
          { predicate: { orMatcher: { predicate: [is('c', '1'), is('b', '1')] } }, onMatch: to('or') },
        ],
      },
    })
    const skipped: string[] = []
    expect(evaluate(made, testRequest({ headers: [['a', '1']] }), undefined, (action) => skipped.push(action))).toBe(
      'and',
    )
    expect(skipped).toEqual(['kept'])
    expect(
      evaluate(
        made,
        testRequest({
          headers: [
            ['a', '1'],
            ['b', '1'],
          ],
        }),
      ),
    ).toBe('or')
    expect(evaluate(made, testRequest({}))).toBeUndefined()
  })

  test('tells, when asked, what was tried', () => {
    const made = tree({
      matcherList: { matchers: [{ predicate: is('a', '1'), onMatch: to('x') }] },
      onNoMatch: { matcher: byPort({ '80': to('y') }) },
    })
    const trace = new MatchTrace()
    expect(evaluate(made, at('10.0.0.1:80'), trace)).toBe('y')
    expect(trace.steps).toEqual([
      { tried: 'header a exact "1"', outcome: 'no' },
      { tried: 'on_no_match', outcome: 'taken' },
      { tried: 'destination port = "80"', outcome: 'matched' },
    ])
  })
})

describe('a matcher', () => {
  test('that cannot be honoured is refused with its place', () => {
    const problems = new Problems('filter_chain_matcher')
    const unknown = { name: 'u', typedConfig: { '@type': NETWORK + 'NetworkNamespaceInput' } }
    tree(
      {
        matcherTree: {
          input: unknown,
          customMatch: {
            name: 'domain',
            typedConfig: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: '' },
          },
        },
      },
      problems,
    )
    tree({ matcherTree: { input: input('SourceIPInput'), exactMatchMap: { map: { k: {} } } } }, problems)
    expect(problems.list.map((problem) => [problem.path, problem.message])).toEqual([
      ['filter_chain_matcher.matcher_tree.input', expect.stringContaining('NetworkNamespaceInput')],
      ['filter_chain_matcher.matcher_tree.custom_match', expect.stringContaining('"domain"')],
      ['filter_chain_matcher.matcher_tree.exact_match_map.map["k"]', expect.stringContaining('must lead to')],
    ])
  })

  test('with keep_matching is refused where one action is all there can be', () => {
    const problems = new Problems('matcher')
    const json = fromJson(MatcherSchema, { onNoMatch: to('kept', true) }, { registry })
    compileMatcher(json, { inputs: HTTP_INPUTS, compileAction: () => 'x', valueKind: 'wire' }, problems)
    expect(problems.list.map((problem) => problem.path)).toEqual(['matcher.on_no_match.keep_matching'])
  })

  test('finds what a naive reading of the rules finds', () => {
    type Rule = { prefixes: string[]; ports: number[]; exclusive: boolean }
    const prefix = fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '10.1.1.1/32', '11.0.0.0/8')
    const rule: fc.Arbitrary<Rule> = fc.record({
      prefixes: fc.uniqueArray(prefix, { minLength: 1, maxLength: 2 }),
      ports: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
      exclusive: fc.boolean(),
    })
    const inside = (ip: string, range: string): boolean => {
      const [network, length] = range.split('/')
      const bits = (text: string): string =>
        text
          .split('.')
          .map((octet) => Number(octet).toString(2).padStart(8, '0'))
          .join('')
      return bits(ip).slice(0, Number(length)) === bits(network).slice(0, Number(length))
    }
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
        const made = tree(
          byIp(
            rules.map((one, i): Range => [
              one.prefixes,
              { matcher: byPort(Object.fromEntries(one.ports.map((port) => [port, to(`${i}:${port}`)]))) },
              one.exclusive,
            ]),
          ),
        )
        for (const ip of ['10.1.1.1', '10.1.1.2', '10.9.0.1', '11.0.0.1', '12.0.0.1']) {
          for (const port of [1, 2, 3]) {
            const candidates = rules
              .flatMap((one, i) => one.prefixes.map((range) => ({ range, i, one })))
              .filter(({ range }) => inside(ip, range))
              .sort((a, b) => Number(b.range.split('/')[1]) - Number(a.range.split('/')[1]))
            const usable = candidates.filter(({ one }, k) => k === 0 || !one.exclusive)
            const first = usable.find(({ one }) => one.ports.includes(port))
            expect(evaluate(made, at(`${ip}:${port}`))).toBe(first && `${first.i}:${port}`)
          }
        }
      }),
      { seed: 9, numRuns: 300 },
    )
  })
})

test('keys of a map are compared with the octets of header values', () => {
  const info = testRequest({ headers: [['x', 'Ã¼']] })
  const map = { ü: to('found') }
  expect(evaluate(tree({ matcherTree: { input: header('x'), exactMatchMap: { map } } }), info)).toBe('found')
  expect(evaluate(tree({ matcherTree: { input: header('x'), prefixMatchMap: { map } } }), info)).toBe('found')
})
