import { describe, expect, test } from '@jest/globals'
import { formatDiagnostic } from './diagnostic.ts'
import { parseObjects } from './parse-objects.ts'

function messages(text: string): string[] {
  return parseObjects(text, 'a.yaml').diagnostics.map(formatDiagnostic)
}

const service = `apiVersion: v1
kind: Service
metadata: {name: echo, namespace: demo}
spec:
  clusterIP: 10.0.0.1
  ports: [{port: 80}]
`
const route = (rules: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: echo, namespace: demo}
spec:
  rules:
${rules}`

describe('reading text', () => {
  test('gives the objects of all documents, lists and JSON included, each with its line', () => {
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }, null, '\t')
    const list = `---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ServiceAccount\n  metadata: {name: a}\n`
    const { objects, diagnostics } = parseObjects(`# first\n${service}${list}---\n${json}\n...\n`, 'a.yaml')
    expect(diagnostics).toEqual([])
    expect(objects.map(({ kind, metadata, source }) => [kind, metadata.namespace, metadata.name, source.line])).toEqual(
      [
        ['Service', 'demo', 'echo', 2],
        ['ServiceAccount', 'default', 'a', 12],
        ['Namespace', '', 'demo', 16],
      ],
    )
  })

  test('understands YAML 1.1 as Go does: on is true, times and dates are text, 010 is octal', () => {
    const text = `apiVersion: v1
kind: Service
metadata: {name: a, annotations: {time: 12:30, date: 2026-01-01, octal: "010"}}
spec: {publishNotReadyAddresses: on, clusterIP: 10.0.0.1, ports: [{port: 0120}]}`
    const [object] = parseObjects(text, 'a.yaml').objects
    expect(object).toMatchObject({
      metadata: { annotations: { time: '12:30', date: '2026-01-01', octal: '010' } },
      spec: { publishNotReadyAddresses: true, ports: [{ port: 80 }] },
    })
  })

  test('fills in what the API server would', () => {
    const { objects } = parseObjects(route('  - backendRefs: [{name: b, port: 80}]\n'), 'a.yaml')
    expect(objects[0]).toMatchObject({
      spec: {
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/' } }],
            backendRefs: [{ group: '', kind: 'Service', weight: 1 }],
          },
        ],
      },
    })
  })

  test('treats null as unset', () => {
    const { objects, diagnostics } = parseObjects(service.replace('clusterIP: 10.0.0.1', 'clusterIP: null'), 'a.yaml')
    expect(diagnostics).toEqual([])
    expect(objects[0]).not.toHaveProperty('spec.clusterIP')
  })

  test('gives unchanged documents as the same objects again', () => {
    const before = parseObjects(`${service}---\n${route('  - {}\n')}`, 'a.yaml')
    const after = parseObjects(`${service}---\n${route('  - {name: x}\n')}`, 'a.yaml', before)
    expect(after.objects[0]).toBe(before.objects[0])
    expect(after.objects[1]).not.toBe(before.objects[1])
  })

  test('does not reuse an object whose lines have moved', () => {
    const before = parseObjects(service, 'a.yaml')
    const after = parseObjects(`# a comment\n---\n${service}`, 'a.yaml', before)
    expect(after.objects[0].source.line).toBe(3)
  })
})

describe('what is wrong', () => {
  test('is said all at once, with line, object, field and remedy', () => {
    const text = service.replace('port: 80', 'port: "80", nam: x').replace('name: echo', 'name: Echo')
    expect(messages(text)).toEqual([
      'a.yaml:6: error: Service demo/Echo: spec.ports[0].port: must be a number, is "80"; remove the quotes: 80',
      'a.yaml:6: error: Service demo/Echo: spec.ports[0].nam: is not a field that exists here; write name',
    ])
    expect(messages(text.replace('"80", nam: x', '99999'))).toEqual([
      'a.yaml:3: error: Service demo/Echo: metadata.name: "Echo" is not a name for this kind; use at most 63 lower-case letters, digits and "-"',
      'a.yaml:6: error: Service demo/Echo: spec.ports[0].port: 99999 is not a port; write a number from 1 to 65535',
    ])
  })

  test('in one object leaves the others', () => {
    const { objects, refused, incomplete } = parseObjects(`${service}---\n${route('  - {nope: 1}\n')}`, 'a.yaml')
    expect(objects).toHaveLength(1)
    expect(refused).toEqual(['HTTPRoute demo/echo'])
    expect(incomplete).toBe(false)
  })

  test('in the YAML itself leaves the other documents and says that something is unknown', () => {
    const { objects, diagnostics, incomplete } = parseObjects(`a: [1\n---\n${service}`, 'a.yaml')
    expect(objects).toHaveLength(1)
    expect(diagnostics.map(({ line }) => line)).toEqual([2])
    expect(incomplete).toBe(true)
  })

  test.each([
    ['a repeated key', 'apiVersion: v1\nkind: Namespace\nkind: Service\n', /a\.yaml:3: error: Map keys must be unique/],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', /kind: is required/],
    ['no name', 'apiVersion: v1\nkind: Namespace\nmetadata: {generateName: a-}\n', /generateName needs an API server/],
    ['an old version', 'apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: Gateway\nmetadata: {name: a}\n', /write gateway.networking.k8s.io\/v1$/],
    ['a label that is a number', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {v: 1}}\n', /put it in quotes: "1"/],
    ['a list that is no list', 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: {}}\n', /must be a list/],
    ['a scalar', 'just text\n', /is not a Kubernetes object/],
  ])('%s is named', (_, text, expected) => {
    expect(messages(text).join('\n')).toMatch(expected)
  }) // prettier-ignore

  test.each([
    ['{matches: [{path: {type: Exact, value: a}}]}', /must begin with "\/", is "a"; write "\/a"/],
    ['{matches: [{path: {value: /a/../b}}]}', /must not contain "\/\.\.\/"/],
    ['{matches: [{path: {value: "/a b"}}]}', /percent-encode/],
    ['{matches: [{headers: [{name: a, value: x}, {name: a, value: y}]}]}', /repeats .*headers\[0\]/],
    ['{backendRefs: [{name: b}]}', /backendRefs\[0\]\.port: is required for a Service/],
    ['{filters: [{type: URLRewrite, requestRedirect: {}}]}', /requestRedirect: must not be set for type URLRewrite/],
    ['{filters: [{type: RequestRedirect, requestRedirect: {}}], backendRefs: [{name: b, port: 1}]}', /must be empty beside/],
    ['{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 304}}]}', /must be one of 301, 302, 303, 307, 308/],
    ['{matches: [{path: {type: Exact, value: /a}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]}', /exactly one match/],
    ['{timeouts: {request: 1s, backendRequest: 2s}}', /must not be longer/],
    ['{timeouts: {request: 1.5s}}', /does not match/],
    ['{backendRefs: [{name: b, port: 80, weight: -1}]}', /at least 0/],
  ])('the rule %s is refused as the API server refuses it', (rule, expected) => {
    expect(messages(route(`  - ${rule}\n`)).join('\n')).toMatch(expected)
  }) // prettier-ignore

  test('about a kind that Cairn does not read is a warning', () => {
    expect(messages('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n')).toEqual([
      'a.yaml:1: warning: Deployment a: is ignored: Cairn does not read Deployment of apps/v1',
    ])
  })

  test('about an alias bomb is said in no time', () => {
    const levels = Array.from({ length: 20 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}, *a${at}]`)
    expect(messages(`a0: &a0 x\n${levels.join('\n')}\n`)[0]).toMatch(/alias/i)
  })

  test('about an object larger than etcd stores is said without reading it', () => {
    const text = service.replace('demo}', `demo, annotations: {a: "${'x'.repeat(1_600_000)}"}}`)
    expect(messages(text)[0]).toMatch(/at most 1500000/)
  })
})
