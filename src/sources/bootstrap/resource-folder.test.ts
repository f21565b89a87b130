import { cpSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity } from '../../../test/support/certificates.ts'
import { formatConfigError } from '../../envoy/config-error.ts'
import type { Listener } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { resourceName } from '../../envoy/resource-name.ts'
import { CertificateFolder } from '../certificates/certificate-folder.ts'
import { EnvoySource, type EnvoyConfiguration, type EnvoySourceOptions } from './envoy-source.ts'

let folder = ''
let open: EnvoySource[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-resources-'))
})
afterEach(() => {
  for (const source of open) source.close()
  open = []
  rmSync(folder, { recursive: true, force: true })
})

const golden = (name: string) => join(import.meta.dirname, '../../../test/golden', name)
const at = (name: string) => join(folder, name)

/** The files that istiod sent, where they may be changed. */
function copy(scenario: string): void {
  for (const name of ['lds.json', 'cds.json', 'eds.json']) cpSync(join(golden(scenario), name), at(name))
}

function source(options: Partial<EnvoySourceOptions> = {}): EnvoySource {
  const defaults = { skipUnsupported: true, listen: undefined, certificates: undefined, now: Date.now }
  const made = new EnvoySource({ kind: 'envoy-resources', folder }, { ...defaults, ...options })
  open.push(made)
  return made
}

const errors = (read: EnvoyConfiguration) =>
  read.errors.map((error) => formatConfigError(error).replaceAll(folder, '.'))
const about = (read: EnvoyConfiguration, word: string) =>
  read.warnings
    .map((warning) => formatConfigError(warning).replaceAll(folder, '.'))
    .filter((line) => line.includes(word))
const count = ({ resources }: EnvoyConfiguration, kind: string) =>
  resources.filter(({ desc }) => desc.name === kind).length

function addressOf({ resources }: EnvoyConfiguration, name: string): unknown {
  const found = resources.find(({ desc, message }) => desc.name === 'Listener' && resourceName(message) === name)
  const address = (found?.message as Listener | undefined)?.address?.address
  return address?.case === 'socketAddress' ? [address.value.address, address.value.portSpecifier.value] : undefined
}

test('what istiod sends becomes listeners, clusters and endpoints; what was left out is listed', () => {
  copy('01-plain')
  const read = source().read()
  expect(errors(read)).toEqual([])
  expect([count(read, 'Listener'), count(read, 'Cluster'), count(read, 'ClusterLoadAssignment')]).toEqual([5, 22, 16])
  expect(about(read, "Istio's peer metadata is not supported (left out)")).not.toEqual([])
  expect(addressOf(read, 'connect_terminate')).toEqual(['0.0.0.0', 15008])
})

test('without leave to skip it, what is not supported refuses the whole', () => {
  copy('01-plain')
  expect(errors(source({ skipUnsupported: false }).read())[0]).toMatch(/^\.\/lds\.json:1:\d+: .* is not supported \(/)
})

test('tunnels are accepted where --listen says', () => {
  copy('01-plain')
  const read = source({ listen: { host: '127.0.0.1', port: 15_999 } }).read()
  expect(addressOf(read, 'connect_terminate')).toEqual(['127.0.0.1', 15_999])
})

test('each file that is missing is named', () => {
  copy('01-plain')
  unlinkSync(at('cds.json'))
  unlinkSync(at('eds.json'))
  expect(errors(source().read())).toEqual([
    '.: ./cds.json does not exist (create it, or correct the path)',
    '.: ./eds.json does not exist (create it, or correct the path)',
  ])
})

test('a new version of a list is noticed and read', async () => {
  copy('01-plain')
  const files = source()
  files.read()
  const noticed = new Promise<void>((resolve) => files.watch(resolve, { quietMs: 5, pollMs: 0 }))
  writeFileSync(at('eds.json.new'), '[]')
  renameSync(at('eds.json.new'), at('eds.json'))
  await noticed
  const read = files.read()
  expect(count(read, 'ClusterLoadAssignment')).toBe(0)
  expect(about(read, 'there is no ClusterLoadAssignment').length).toBeGreaterThan(0)
})

describe('secrets', () => {
  const certificates = () => new CertificateFolder(join(folder, 'certs'), Date.now)

  test('come from the folder of certificates, in place of SDS', async () => {
    copy('01-plain')
    writeIdentity(at('certs'), await (await MeshAuthority.create()).issue('g01-plain', 'waypoint'))
    const read = source({ certificates: certificates() }).read()
    expect(errors(read)).toEqual([])
    expect(read.resources.filter(({ desc }) => desc.name === 'Secret').map(({ message }) => resourceName(message))).toEqual(
      ['default', 'ROOTCA'],
    )
    expect(about(read, 'there is no Secret')).toEqual([])
  }) // prettier-ignore

  test('that are not there are warnings which say where they would come from', () => {
    copy('01-plain')
    expect(about(source().read(), 'there is no Secret')).toEqual([
      expect.stringMatching(/Secret "default": handshakes that need it are refused until there is \(name a folder with certificates: --certs\)$/),
      expect.stringMatching(/Secret "ROOTCA": handshakes .*--certs\)$/),
    ])
  }) // prettier-ignore

  test('of Kubernetes are named as missing, and the rest serves', () => {
    copy('12-serviceentry')
    const read = source().read()
    expect(errors(read)).toEqual([])
    expect(about(read, 'configmap://')).toEqual([
      expect.stringContaining('there is no Secret "configmap://g12-serviceentry/ca-cacert": handshakes that need it are refused'),
    ])
  }) // prettier-ignore

  test('in a folder of certificates that is empty are errors, since nobody could connect', () => {
    copy('01-plain')
    expect(errors(source({ certificates: certificates() }).read())).toEqual([
      expect.stringMatching(/^\.\/certs\/cert-chain\.pem: does not exist/),
      expect.stringMatching(/^\.\/certs\/key\.pem: does not exist/),
      expect.stringMatching(/^\.\/certs\/root-cert\.pem: does not exist/),
    ])
  })

  test('that rotate are noticed, and stay while they do not fit', async () => {
    copy('01-plain')
    const authority = await MeshAuthority.create()
    writeIdentity(at('certs'), await authority.issue('g01-plain', 'waypoint'))
    const files = source({ certificates: certificates() })
    files.read()
    const noticed = new Promise<void>((resolve) => files.watch(resolve, { quietMs: 5, pollMs: 0 }))
    writeFileSync(at('certs/key.pem'), (await authority.issue('g01-plain', 'waypoint')).keyPem)
    await noticed
    const read = files.read()
    expect(errors(read)).toEqual([])
    expect(count(read, 'Secret')).toBe(2)
    expect(about(read, 'is not the key of')).toEqual([
      expect.stringContaining('the last good certificate keeps serving'),
    ])
  })
})
