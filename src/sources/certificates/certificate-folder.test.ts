import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity, type Identity } from '../../../test/support/certificates.ts'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import { CertificateFolder, type CertificateSet } from './certificate-folder.ts'

let authority: MeshAuthority
let identity: Identity
let folder = ''
let watched: CertificateFolder | undefined

beforeAll(async () => {
  authority = await MeshAuthority.create()
  identity = await authority.issue('demo', 'waypoint')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-certs-'))
})
afterEach(() => {
  watched?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As `writeIdentity` writes it. */
const asFile = (pem: string) => `${pem}\n`
const messages = (set: CertificateSet) =>
  set.diagnostics.map((one) => formatDiagnostic(one).replaceAll(`${folder}/`, ''))
const reading = (nowMs = Date.now()) => new CertificateFolder(folder, () => nowMs).read()

test('good files become the two secrets that TLS contexts name', () => {
  writeIdentity(folder, identity)
  const set = reading()
  expect(set.diagnostics).toEqual([])
  expect(set.spiffeId).toBe('spiffe://cluster.local/ns/demo/sa/waypoint')
  expect(set.notAfterMs).toBeGreaterThan(Date.now())
  expect(set.secrets).toMatchObject([
    {
      name: 'default',
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: { specifier: { value: asFile(identity.chainPem) } }, privateKey: { specifier: { value: asFile(identity.keyPem) } } },
      },
    },
    { name: 'ROOTCA', type: { case: 'validationContext', value: { trustedCa: { specifier: { value: asFile(identity.rootPem) } } } } },
  ]) // prettier-ignore
})

describe('a mistake is one line that names the file', () => {
  test('missing files', () => {
    writeIdentity(folder, identity)
    unlinkSync(join(folder, 'key.pem'))
    expect(messages(reading())).toEqual([
      'key.pem: error: does not exist; put cert-chain.pem, key.pem and root-cert.pem into the folder that --certs names',
    ])
  })

  test('a key of another certificate', async () => {
    const other = await authority.issue('demo', 'waypoint')
    writeIdentity(folder, { ...identity, keyPem: other.keyPem })
    const set = reading()
    expect(messages(set)).toEqual([
      'key.pem: error: is not the key of the certificate in cert-chain.pem; issue both together, or wait until both are written',
    ])
    expect(set.secrets).toEqual([])
  })

  test('a certificate that has ended, or has not begun', () => {
    writeIdentity(folder, identity)
    expect(messages(reading(Date.now() + 40 * 86_400_000))[0]).toMatch(/^cert-chain\.pem: error: ended on /)
    expect(messages(reading(0))[0]).toMatch(/^cert-chain\.pem: error: begins on /)
  })

  test.each([
    ['chainPem', 'nonsense', /^cert-chain\.pem: error: holds no certificates in PEM: no certificate in it/],
    ['chainPem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /^cert-chain\.pem: error: holds no/],
    ['keyPem', 'nonsense', /^key\.pem: error: holds no private key in PEM/],
    ['rootPem', '', /^root-cert\.pem: error: holds no certificates/],
  ])('%s that is no PEM', (field, text, expected) => {
    writeIdentity(folder, { ...identity, [field]: text })
    expect(messages(reading())[0]).toMatch(expected)
  })

  test('roots of another mesh are a warning, since nobody here can know what others trust', async () => {
    writeIdentity(folder, { ...identity, rootPem: (await MeshAuthority.create()).rootPem })
    const set = reading()
    expect(messages(set)).toEqual([expect.stringMatching(/^cert-chain\.pem: warning: is not signed by a root/)])
    expect(set.secrets).toHaveLength(2)
  })
})

test('a rotation written file by file keeps the old certificate until all three fit again', async () => {
  writeIdentity(folder, identity)
  const next = await authority.issue('demo', 'waypoint')
  const source = new CertificateFolder(folder, () => Date.now())
  const before = source.read()
  writeFileSync(join(folder, 'cert-chain.pem'), asFile(next.chainPem))
  const between = source.read()
  expect(between.secrets).toBe(before.secrets)
  expect(messages(between)).toHaveLength(1)
  writeFileSync(join(folder, 'key.pem'), asFile(next.keyPem))
  expect(source.read()).toMatchObject({ diagnostics: [], secrets: [{ type: { value: { privateKey: { specifier: { value: asFile(next.keyPem) } } } } }, {}] })
}) // prettier-ignore

test('a rotation is noticed', async () => {
  writeIdentity(folder, identity)
  watched = new CertificateFolder(folder, () => Date.now())
  watched.read()
  const next = await authority.issue('demo', 'waypoint')
  const seen = new Promise<CertificateSet>((resolve) => {
    watched!.watch((set) => set.diagnostics.length === 0 && resolve(set), { quietMs: 5, pollMs: 0 })
  })
  writeIdentity(folder, next)
  expect((await seen).secrets).toMatchObject([{ type: { value: { certificateChain: { specifier: { value: asFile(next.chainPem) } } } } }, {}])
}) // prettier-ignore
