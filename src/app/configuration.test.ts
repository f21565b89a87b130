import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity, type Identity } from '../../test/support/certificates.ts'
import { resourceName } from '../envoy/resource-name.ts'
import { SnapshotBuilder } from '../envoy/snapshot-builder.ts'
import { diffSnapshots } from '../envoy/snapshot.ts'
import { SnapshotChecker } from './check-snapshot.ts'
import type { ConfigurationOrigin } from './command-options.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'
import { openConfigurationSource, type ConfigurationOptions } from './configuration.ts'

let authority: MeshAuthority
let identity: Identity
let folder = ''
let open: ConfigurationSource[] = []

beforeAll(async () => {
  authority = await MeshAuthority.create()
  identity = await authority.issue('demo', 'waypoint')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-configuration-'))
  cpSync(join(import.meta.dirname, '../../examples/demo'), at('demo'), { recursive: true })
  writeIdentity(at('certs'), identity)
})
afterEach(() => {
  for (const source of open) source.close()
  open = []
  rmSync(folder, { recursive: true, force: true })
})

const at = (...parts: string[]) => join(folder, ...parts)
const short = (lines: readonly string[]) => lines.map((line) => line.replaceAll(`${folder}/`, ''))

async function source(
  origin: ConfigurationOrigin,
  options: Partial<ConfigurationOptions> = {},
): Promise<ConfigurationSource> {
  const defaults = { certsFolder: at('certs'), listen: undefined, skipUnsupported: false, now: Date.now }
  const made = await openConfigurationSource(origin, { ...defaults, ...options })
  open.push(made)
  return made
}

function objects(options: Partial<ConfigurationOptions> = {}, name = 'waypoint'): Promise<ConfigurationSource> {
  return source({ kind: 'resources', paths: [at('demo')], waypoint: { namespace: 'demo', name } }, options)
}

/** Everything that the proxy would find wrong in building it. */
async function problems({ resources }: LoadedConfiguration): Promise<readonly unknown[]> {
  const builder = new SnapshotBuilder()
  for (const { desc, message } of resources) builder.addMessage(desc, message)
  return new SnapshotChecker(true).check(builder.build('1'))
}

const names = ({ resources }: LoadedConfiguration, kind: string) =>
  resources.filter(({ desc }) => desc.name === kind).map(({ message }) => resourceName(message))

const content = ({ resources }: LoadedConfiguration) => {
  const builder = new SnapshotBuilder()
  for (const { desc, message } of resources) builder.addMessage(desc, message)
  return builder.build('')
}
const changed = (a: LoadedConfiguration, b: LoadedConfiguration) =>
  diffSnapshots(content(a), content(b)).operations.length > 0

function edit(file: string, change: (text: string) => string): void {
  const path = at('demo', file)
  writeFileSync(`${path}.new`, change(readFileSync(path, 'utf8')))
  renameSync(`${path}.new`, path)
}

describe('Kubernetes objects', () => {
  test('become a configuration with certificates that the proxy can build', async () => {
    const loaded = await (await objects()).load()
    expect([loaded.errors, loaded.warnings, loaded.bootstrap]).toEqual([[], [], undefined])
    expect(names(loaded, 'Listener')).toContain('connect_terminate')
    expect(names(loaded, 'Secret')).toEqual(['default', 'ROOTCA'])
    expect(await problems(loaded)).toEqual([])
  })

  test('without a folder of certificates are refused, and so are certificates that do not fit', async () => {
    expect((await (await objects({ certsFolder: undefined })).load()).errors).toEqual([
      'a waypoint needs a certificate: name a folder with cert-chain.pem, key.pem and root-cert.pem (--certs)',
    ])
    unlinkSync(at('certs/key.pem'))
    expect(short((await (await objects()).load()).errors)).toEqual([
      'certs/key.pem: does not exist (put cert-chain.pem, key.pem and root-cert.pem into the folder that --certs names)',
    ])
  })

  test('without the waypoint are refused, and what is wrong with it is said too', async () => {
    expect((await (await objects({}, 'nobody')).load()).errors).toEqual([
      'Gateway demo/nobody: is to be the waypoint and does not exist (choose one of demo/waypoint)',
    ])
    edit('mesh.yaml', (text) => text.replace('gatewayClassName', 'gatewayClas'))
    expect(short((await (await objects()).load()).errors)).toEqual([
      expect.stringMatching(/^demo\/mesh\.yaml:\d+: Gateway demo\/waypoint: spec\.gatewayClas: /),
      expect.stringMatching(/^demo\/mesh\.yaml:\d+: Gateway demo\/waypoint: spec\.gatewayClassName: /),
      expect.stringContaining('is to be the waypoint and does not exist'),
    ])
  })

  test('of which one is wrong are served without it, with a warning', async () => {
    const whole = await (await objects()).load()
    edit('routes.yaml', (text) => text.replace('parentRefs', 'parentRef'))
    const loaded = await (await objects()).load()
    expect(loaded.errors).toEqual([])
    expect(short(loaded.warnings)).toContainEqual(
      expect.stringMatching(/^demo\/routes\.yaml:\d+: HTTPRoute demo\/\S+: spec\.parentRef: .* \(write parentRefs\)$/),
    )
    expect(changed(whole, loaded)).toBe(true)
  })

  test('of which one becomes wrong keep its last good version, and say so', async () => {
    const files = await objects()
    const before = await files.load()
    edit('routes.yaml', (text) => text.replace('parentRefs', 'parentRef'))
    const after = await files.load()
    expect(after.errors).toEqual([])
    expect(short(after.warnings)).toEqual([expect.stringMatching(/; its last good version keeps serving \(/)])
    expect(changed(before, after)).toBe(false)
    expect(after.version).not.toBe(before.version)
  })

  test('of a file that cannot be parsed any more keep serving, and are named', async () => {
    const files = await objects()
    const before = await files.load()
    edit('routes.yaml', () => 'kind: {')
    const after = await files.load()
    expect(short(after.warnings)).toEqual([
      expect.stringMatching(/^demo\/routes\.yaml:\d+: /),
      expect.stringMatching(/^the last good version keeps serving of HTTPRoute demo\//),
    ])
    expect(changed(before, after)).toBe(false)
  })

  test('accept tunnels where --listen says', async () => {
    const byDefault = await (await objects()).load()
    const moved = await (await objects({ listen: { host: '127.0.0.1', port: 15_999 } })).load()
    const operations = diffSnapshots(content(byDefault), content(moved)).operations
    expect(operations.map((one) => (one.op === 'set' ? one.entry.name : one.name))).toEqual(['connect_terminate'])
  })

  test('that change are noticed, as is a certificate that rotates', async () => {
    const files = await objects()
    const before = await files.load()
    let wake = () => {}
    files.watch(() => wake())
    const next = (change: () => void) =>
      new Promise<void>((resolve) => {
        wake = resolve
        change()
      })
    await next(() => edit('routes.yaml', (text) => text.replace(/value: \/\S*/, 'value: /elsewhere')))
    const second = await files.load()
    expect(changed(before, second)).toBe(true)
    const rotated = await authority.issue('demo', 'waypoint')
    await next(() => writeIdentity(at('certs'), rotated))
    const third = await files.load()
    const operations = diffSnapshots(content(second), content(third)).operations
    expect(operations.map((one) => (one.op === 'set' ? `${one.entry.kind} ${one.entry.name}` : one.op))).toEqual([
      'secret default',
    ])
  })
})

describe('Envoy configuration', () => {
  test('as a bootstrap keeps what it says besides resources, and its errors are lines', async () => {
    const file = at('envoy.yaml')
    writeFileSync(file, 'node: {id: me}\nadmin: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}\n')
    const loaded = await (await source({ kind: 'envoy-config', file })).load()
    expect([loaded.errors, loaded.bootstrap?.node?.id]).toEqual([[], 'me'])
    writeFileSync(file, 'static_resources:\n  cluster: []\n')
    expect(short((await (await source({ kind: 'envoy-config', file })).load()).errors)).toEqual([
      'envoy.yaml:2:3: static_resources.cluster: envoy.config.bootstrap.v3.Bootstrap.StaticResources has no field "cluster" (did you mean "clusters"?)',
    ])
  })

  test('says that --listen has no effect on a bootstrap', async () => {
    const file = at('envoy.yaml')
    writeFileSync(file, 'node: {id: me}\n')
    const { warnings } = await (
      await source({ kind: 'envoy-config', file }, { listen: { host: '::1', port: 1 } })
    ).load()
    expect(warnings).toEqual(['--listen has no effect with --envoy-config: the configuration says where to listen'])
  })

  test('as istiod sends it is read from its folder', async () => {
    const golden = join(import.meta.dirname, '../../test/golden/01-plain')
    const loaded = await (await source({ kind: 'envoy-resources', folder: golden }, { skipUnsupported: true })).load()
    expect(loaded.errors).toEqual([])
    expect(names(loaded, 'Listener')).toContain('main_internal')
    expect(names(loaded, 'Secret')).toEqual(['default', 'ROOTCA'])
  })
})
