import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity } from '../../test/support/certificates.ts'
import type { Finding } from './findings.ts'
import { runValidate } from './validate.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-validate-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...parts: string[]) => join(folder, ...parts)
const write = (name: string, text: string) => writeFileSync(at(name), text)
const demo = () => cpSync(join(import.meta.dirname, '../../examples/demo'), at('demo'), { recursive: true })

async function run(paths: string[], format: 'text' | 'json' = 'text'): Promise<[exitCode: number, out: string]> {
  let out = ''
  const terminal = { out: (text: string) => void (out += text), err: (text: string) => void (out += `ERR ${text}`), isColor: false } // prettier-ignore
  const exitCode = await runValidate({ paths: paths.map((path) => at(path)), format }, terminal)
  return [exitCode, out.replaceAll(`${folder}/`, '')]
}

async function found(...paths: string[]): Promise<string[]> {
  const [, out] = await run(paths, 'json')
  const { findings } = JSON.parse(out) as { findings: Finding[] }
  return findings.map(({ severity, file, line, object, path, message }) =>
    [severity, `${file}:${line}`, object, path, message].filter((part) => part !== '').join(' | '),
  )
}

const clusterOf = (lines: string) => `static_resources:\n  clusters:\n  - name: a\n    type: STATIC\n${lines}`

describe('what is right', () => {
  test('is ok, with what there was to look at', async () => {
    demo()
    write('envoy.yaml', clusterOf('    load_assignment: {cluster_name: a}\n'))
    writeIdentity(at('certs'), await (await MeshAuthority.create()).issue('demo', 'waypoint'))
    const [exitCode, out] = await run(['demo', 'envoy.yaml', 'certs'])
    expect([exitCode, out]).toEqual([
      0,
      expect.stringMatching(
        /^ok: 1 Cluster in envoy\.yaml; 16 objects in 2 files; a certificate of spiffe:\/\/cluster\.local\/ns\/demo\/sa\/waypoint until \S+Z\n$/,
      ),
    ])
  })

  test('is ok without a waypoint, with the note that references were not looked at', async () => {
    write('a.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n')
    expect(await run(['a.yaml'])).toEqual([
      0,
      'ok: 1 object in 1 file (no waypoint among them, so what they refer to was not looked at)\n',
    ])
  })

  test('is ok as a list by itself, whatever type its resources are', async () => {
    write('lds.json', '[{"name": "l", "resource": {"name": "l", "internal_listener": {}, "filter_chains": []}}]')
    write('cds.json', '{"resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "c", "type": "EDS"}]}') // prettier-ignore
    write('eds.json', '[{"name": "c", "resource": {"cluster_name": "c"}}]')
    write('rds.json', '[{"name": "r", "virtual_hosts": []}]')
    expect((await run(['cds.json', 'eds.json', 'lds.json', 'rds.json']))[1]).toBe(
      'ok: 1 Cluster in cds.json; 1 ClusterLoadAssignment in eds.json; 1 Listener in lds.json; 1 RouteConfiguration in rds.json\n',
    )
  })

  test('in a file that has nothing in it is ok', async () => {
    write('a.yaml', '# nothing\n')
    expect(await run(['a.yaml'])).toEqual([0, expect.stringMatching(/^ok: no objects in 1 file/)])
  })
})

describe('what is wrong is an error with its place', () => {
  test.each<[what: string, files: Record<string, string>, expected: string[]]>([
    [
      'a field of an object',
      { 'a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, lables: {}}\n' },
      ['error | a.yaml:3 | Namespace a | metadata.lables | is not a field that exists here'],
    ],
    [
      'a field of a bootstrap',
      { 'e.yaml': clusterOf('    connect_timeot: 1s\n') },
      [
        'error | e.yaml:5 | static_resources.clusters[0].connect_timeot | envoy.config.cluster.v3.Cluster has no field "connect_timeot"',
      ],
    ],
    [
      'what Cairn does not carry out',
      { 'e.yaml': clusterOf('    outlier_detection: {}\n') },
      ['error | e.yaml:5 | static_resources.clusters[0].outlier_detection | outlier detection is not supported'],
    ],
    [
      'a resource in a list',
      { 'cds.json': '[{"name": "a", "resource": {"name": "b", "type": "STATIC"}}]' },
      ['error | cds.json:1 | [0].name | the name is "b" inside the resource'],
    ],
    [
      'a file that the configuration names',
      { 'e.yaml': 'static_resources:\n  secrets:\n  - name: s\n    validation_context:\n      trusted_ca: {filename: /no/such/file}\n' }, // prettier-ignore
      ['error | e.yaml:5 | static_resources.secrets[0].validation_context.trusted_ca | /no/such/file does not exist'],
    ],
    ['YAML that cannot be read', { 'a.yaml': 'apiVersion: v1\nkind: {\n' }, ['error | a.yaml:']],
    ['an Envoy configuration that cannot be read', { 'e.json': '{"static_resources": {' }, ['error | e.json:1 | ']],
    [
      'a file that is neither, when it is named',
      { 'package.json': '{"name": "x", "version": "1"}' },
      ['error | package.json:0 | holds neither Kubernetes objects'],
    ],
  ])('%s', async (_, files, expected) => {
    for (const [name, text] of Object.entries(files)) write(name, text)
    const paths = Object.keys(files)
    const lines = await found(...paths)
    expect(lines.map((line, index) => line.slice(0, expected[index]?.length))).toEqual(expected)
    expect((await run(paths))[0]).toBe(1)
  })

  test('a path that does not exist', async () => {
    expect(await run(['nowhere'])).toEqual([
      1,
      'error    nowhere\n         does not exist; correct the path\n1 error: nothing to look at\n',
    ])
  })

  test('what objects refer to, as seen by the waypoint among them', async () => {
    demo()
    write('demo/more.yaml', 'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: demo}\nspec: {parentRefs: [{kind: Service, group: "", name: nope}]}\n') // prettier-ignore
    expect(await found('demo')).toEqual([
      'error | demo/more.yaml:4 | HTTPRoute demo/r | spec.parentRefs[0] | Service demo/nope does not exist',
    ])
  })

  test('what shows only when everything is built', async () => {
    const manager = `"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`
    write('e.yaml', `static_resources:\n  listeners:\n  - name: l\n    address: {socket_address: {address: 127.0.0.1, port_value: 1}}\n    filter_chains:\n    - filters:\n      - name: hcm\n        typed_config: {${manager}, stat_prefix: x, route_config: {name: r}}\n`) // prettier-ignore
    expect(await found('e.yaml')).toEqual([
      expect.stringMatching(/^error \| e\.yaml:0 \| listener l\..* \| the last HTTP filter must be/),
    ])
  })

  test('certificates in a folder', async () => {
    const authority = await MeshAuthority.create()
    const other = await authority.issue('demo', 'waypoint')
    writeIdentity(at('certs'), { ...(await authority.issue('demo', 'waypoint')), keyPem: other.keyPem })
    expect(await found('certs')).toEqual([
      expect.stringMatching(
        /^error \| certs\/key\.pem:0 \| is not the key of the certificate in certs\/cert-chain\.pem/,
      ),
    ])
  })
})

test('files of other programs in a folder are passed over with a warning', async () => {
  mkdirSync(at('folder'))
  write('folder/values.yaml', 'replicas: 3\n')
  const [exitCode, out] = await run(['folder'])
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^warning {2}folder\/values\.yaml\n .*ok, 1 warning: nothing to look at\n$/s)]) // prettier-ignore
})

test('a route of one waypoint is not said to have no effect because there is another waypoint', async () => {
  demo()
  write('demo/other.yaml', 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: other, namespace: demo}\nspec:\n  gatewayClassName: istio-waypoint\n  listeners: [{name: mesh, port: 15008, protocol: HBONE}]\n') // prettier-ignore
  expect((await found('demo')).filter((line) => line.includes('has no effect'))).toEqual([])
})

test('the output for programs has all there is', async () => {
  write('a.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, lables: {}}\n')
  const [exitCode, out] = await run(['a.yaml'], 'json')
  expect([exitCode, JSON.parse(out)]).toEqual([
    1,
    {
      ok: false,
      findings: [
        {
          severity: 'error',
          file: 'a.yaml',
          line: 3,
          object: 'Namespace a',
          path: 'metadata.lables',
          message: 'is not a field that exists here',
          remedy: 'write labels',
        },
      ],
      counts: [expect.stringContaining('1 file')],
    },
  ])
})
