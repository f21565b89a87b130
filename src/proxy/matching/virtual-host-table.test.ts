import { describe, expect, test } from '@jest/globals'
import { Problems } from '../../lib/problems.ts'
import { MatchTrace } from './match-trace.ts'
import { VirtualHostTable } from './virtual-host-table.ts'

function hosts(domains: readonly string[], ignorePort = false): VirtualHostTable<string> {
  const problems = new Problems('virtual_hosts')
  const made = new VirtualHostTable(
    domains.map((domain) => ({ domains: [domain], value: domain })),
    ignorePort,
    problems,
  )
  expect(problems.text()).toBe('')
  return made
}

describe('a virtual host', () => {
  const made = hosts([
    '*',
    'foo.com',
    '*.foo.com',
    '*.bar.foo.com',
    '*-x.foo.com',
    'foo.*',
    'foo.b*',
    'www.foo.com',
    'a.com:8080',
    'IPv6.Example',
  ])
  test.each<[string | undefined, string]>([
    ['foo.com', 'foo.com'],
    ['FOO.com', 'foo.com'],
    ['www.foo.com', 'www.foo.com'],
    ['a.foo.com', '*.foo.com'],
    ['a.bar.foo.com', '*.bar.foo.com'],
    ['a-x.foo.com', '*-x.foo.com'],
    ['.foo.com', '*'],
    ['foo.net', 'foo.*'],
    ['foo.bar', 'foo.b*'],
    ['foo.', '*'],
    ['a.com:8080', 'a.com:8080'],
    ['a.com', '*'],
    ['ipv6.example', 'IPv6.Example'],
    ['other', '*'],
    ['', '*'],
    [undefined, '*'],
  ])('for %s is %s', (authority, domain) => {
    expect(made.find(authority)).toBe(domain)
  })

  test('is chosen without the port only where ports are ignored', () => {
    expect(hosts(['foo.com']).find('foo.com:80')).toBeUndefined()
    const ignoring = hosts(['foo.com', '[::1]', '*.x'], true)
    expect(ignoring.find('foo.com:80')).toBe('foo.com')
    expect(ignoring.find('[::1]:80')).toBe('[::1]')
    expect(ignoring.find('[::1]')).toBe('[::1]')
    expect(ignoring.find('a.x:80')).toBe('*.x')
    // What follows the colon need not be a number (Envoy: HeaderUtility::getPortStart).
    expect(ignoring.find('foo.com:http')).toBe('foo.com')
  })

  test('with a domain of another one, or with a star in the middle, is refused', () => {
    const problems = new Problems('virtual_hosts')
    const entries = [
      { domains: ['a', '*'], value: 1 },
      { domains: ['A', '*', 'x.*.y', '*.z'], value: 2 },
      { domains: ['*.Z'], value: 3 },
    ]
    new VirtualHostTable(entries, false, problems)
    expect(problems.list.map((problem) => problem.path)).toEqual([
      'virtual_hosts[1].domains[0]',
      'virtual_hosts[1].domains[1]',
      'virtual_hosts[1].domains[2]',
      'virtual_hosts[2].domains[0]',
    ])
  })

  test('that is missing is said to be, when asked', () => {
    const trace = new MatchTrace()
    hosts(['a']).find('b', trace)
    expect(trace.steps).toEqual([{ tried: 'virtual host for "b"', outcome: 'no domain matches' }])
  })
})
