import { describe, expect, test } from '@jest/globals'
import { readJson } from './read-json.ts'
import { readYaml } from './read-yaml.ts'
import { LineIndex, locate, type SourceNode, type SourceTree } from './source-tree.ts'

function plain(node: SourceNode | undefined): unknown {
  if (node === undefined) return undefined
  if (node.kind === 'map') return Object.fromEntries(node.entries.map((entry) => [entry.key, plain(entry.value)]))
  if (node.kind === 'list') return node.items.map(plain)
  return `${node.kind} ${node.text}`
}

const messages = (tree: SourceTree) => tree.faults.map((fault) => `${fault.offset} ${fault.message}`)

describe('readYaml', () => {
  test.each([
    ['y', 'boolean true'],
    ['No', 'boolean false'],
    ['OFF', 'boolean false'],
    ['"y"', 'string y'],
    ['yEs', 'string yEs'],
    ['12', 'number 12'],
    ['-0x10', 'number -16'],
    ['017', 'number 15'],
    ['08', 'string 08'],
    ['2147483648', 'string 2147483648'],
    ['0xFFFFFFFFFF', 'string 1099511627775'],
    ['99999999999999999999', 'string 99999999999999999999'],
    ['1.5', 'string 1.5'],
    ['!!str 12', 'string 12'],
    ['~', 'null ~'],
    ['"~"', 'string ~'],
    ['10s', 'string 10s'],
    ['2026-01-31', 'string 2026-01-31'],
  ])('reads the scalar %s as Envoy does', (text, expected) => {
    expect(plain(readYaml(`a: ${text}`).root)).toEqual({ a: expected })
  })

  test('resolves aliases, and leaves out keys tagged !ignore', () => {
    const tree = readYaml('!ignore shared: &x {p: 1}\na: *x\nb: [*x]\n')
    expect(tree.faults).toEqual([])
    expect(plain(tree.root)).toEqual({ a: { p: 'number 1' }, b: [{ p: 'number 1' }] })
  })

  test('does not merge "<<", which Envoy reads as a field of that name', () => {
    expect(plain(readYaml('a: &x {p: 1}\nb: {<<: *x}').root)).toHaveProperty(['b', '<<', 'p'])
  })

  test('an alias to what it stands in, and one without an anchor, are faults', () => {
    expect(readYaml('a: &x {b: *x}').faults[0]?.message).toBe('*x contains itself')
    expect(readYaml('a: *nothing').faults.length).toBe(1)
  })

  test('aliases to aliases cannot fill the memory', () => {
    const lines = ['a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]']
    for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]`)
    const tree = readYaml(lines.join('\n'))
    expect(tree.faults.map((fault) => fault.message)).toEqual(['aliases add more than 100000 values'])
  })

  test('duplicate keys and a second document are faults, all reported', () => {
    expect(messages(readYaml('a: 1\nb: 2\na: 3\nb: 4\n'))).toEqual([
      '10 the key "a" occurs twice in one object',
      '15 the key "b" occurs twice in one object',
    ])
    expect(messages(readYaml('a: 1\n---\nb: 2\n'))).toEqual(['5 a second YAML document'])
  })

  test('broken YAML is a fault with its place, and gives no tree', () => {
    const tree = readYaml('a: [1, 2\nb: }')
    expect(tree.root).toBeUndefined()
    expect(tree.faults.length).toBeGreaterThan(0)
  })

  test('nesting that would exhaust the stack is a fault', () => {
    expect(readYaml('['.repeat(50_000)).faults.length).toBeGreaterThan(0)
    expect(readYaml('[ '.repeat(150) + ']'.repeat(150)).faults[0]?.message).toBe('nested deeper than 100')
  })

  test('an empty file is an empty object', () => {
    expect(plain(readYaml('# nothing\n').root)).toEqual({})
    expect(plain(readYaml('').root)).toEqual({})
  })
})

describe('readJson', () => {
  test('reads every kind of value, escapes included, and keeps numbers as they are written', () => {
    const text = ' {"a": [1, -2.5e3, true, false, null, 18446744073709551615], "\\u0062\\n\\"": "x\\ud83d\\ude00\\/"} '
    expect(plain(readJson(text).root)).toEqual({
      a: ['number 1', 'number -2.5e3', 'boolean true', 'boolean false', 'null null', 'number 18446744073709551615'],
      'b\n"': 'string x😀/',
    })
  })

  test.each([
    ['{"a": 1,}', '8 expected a key in double quotes'],
    ['{"a" 1}', '5 expected ":" after the key "a"'],
    ['[1 2]', '3 expected "," or "]" in a list'],
    ['{"a": 01}', '7 expected "," or "}" in an object'],
    ['{"a": "x', '6 a string is not closed, or has a control character in it'],
    ['"\\x"', '1 \\x is not an escape of JSON'],
    ['[NaN]', '1 unexpected "NaN"'],
    ['{} {}', '3 more text after the end of the JSON value'],
    ['', '0 the text ends where a value was expected'],
    ['{"a":1,"a":2}', '7 the key "a" occurs twice in one object'],
  ])('refuses %s with the place', (text, expected) => {
    expect(messages(readJson(text))).toEqual([expected])
  })

  test('__proto__ is a key like any other', () => {
    const root = readJson('{"__proto__": 1, "constructor": 2}').root
    expect(root?.kind === 'map' && root.entries.map((entry) => entry.key)).toEqual(['__proto__', 'constructor'])
  })

  test('nesting that would exhaust the stack is a fault', () => {
    expect(messages(readJson('['.repeat(100_000)))).toEqual(['101 nested deeper than 100'])
  })
})

describe('locate', () => {
  const text = '{\n  "aB": [{"map": {"x.y[0]": {"c_d": 5}}}]\n}'
  const root = readJson(text).root as SourceNode
  const at = (path: string) => new LineIndex(text).position(locate(root, path))

  test('finds a path in either spelling, with keys that look like paths', () => {
    expect(at('a_b[0].map["x.y[0]"].c_d')).toEqual({ line: 2, column: 30 })
  })

  test('what is not written is located at what is around it', () => {
    expect(at('a_b[0].map["x.y[0]"].missing[3].deep')).toEqual({ line: 2, column: 19 })
    expect(at('nothing')).toEqual({ line: 1, column: 1 })
  })
})
