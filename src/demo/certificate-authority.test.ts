import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { CertificateAuthority, type Credentials, writeCredentials } from './certificate-authority.ts'
import { spiffeIdOf, spiffeIdsOf } from './spiffe.ts'

const authority = new CertificateAuthority()

describe('the throw-away certificate authority', () => {
  test('is a root that signs itself and may sign others', () => {
    const root = new X509Certificate(authority.rootPem)
    expect(root.ca).toBe(true)
    expect(root.checkIssued(root)).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(root.subject).toBe('O=cluster.local\nCN=throw-away root')
  })

  test('issues leaves that carry one SPIFFE identity, match their key and are no authority', () => {
    const nowMs = Date.UTC(2031, 4, 6, 7, 8, 9)
    const clocked = new CertificateAuthority('example.org', () => nowMs)
    const credentials = clocked.issue('demo', 'waypoint')
    const leaf = new X509Certificate(credentials.certChainPem)
    const root = new X509Certificate(credentials.rootPem)
    expect(credentials.spiffeId).toBe('spiffe://example.org/ns/demo/sa/waypoint')
    expect(leaf.subjectAltName).toBe('URI:spiffe://example.org/ns/demo/sa/waypoint')
    expect([leaf.ca, leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([false, true, true])
    expect(leaf.checkPrivateKey(createPrivateKey(credentials.keyPem))).toBe(true)
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
    expect([leaf.validFrom, leaf.validTo]).toEqual(['May  6 06:08:09 2031 GMT', 'May  7 07:08:09 2031 GMT'])
  })

  test('gives every certificate a serial number and a key of its own', () => {
    const leaves = Array.from({ length: 20 }, () => authority.issue('a', 'b'))
    expect(new Set(leaves.map(({ certChainPem }) => new X509Certificate(certChainPem).serialNumber)).size).toBe(20)
    expect(new Set(leaves.map(({ keyPem }) => keyPem)).size).toBe(20)
  })

  test('writes the file names of Istio, readable by the owner alone, and leaves nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
    try {
      const credentials = authority.issue('demo', 'waypoint')
      writeCredentials(folder, credentials)
      expect(readdirSync(folder).sort()).toEqual(['cert-chain.pem', 'key.pem', 'root-cert.pem'])
      expect(readFileSync(join(folder, 'key.pem'), 'utf8')).toBe(credentials.keyPem)
      expect(statSync(join(folder, 'key.pem')).mode & 0o777).toBe(0o600)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a TLS 1.3 handshake with its certificates', () => {
  let server: Server
  let seen: (peer: string | undefined) => void
  beforeAll(async () => {
    const { certChainPem, keyPem, rootPem } = authority.issue('demo', 'server')
    server = createServer(
      {
        cert: certChainPem,
        key: keyPem,
        ca: rootPem,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.3',
      },
      (socket) => {
        seen(spiffeIdOf(socket))
        socket.end('hello')
      },
    )
    server.on('connection', (socket) => socket.once('close', () => seen(undefined)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  /** Connects with `client`; resolves with the identities that the server and the client saw. */
  async function shake(client: Credentials, trusted: string): Promise<(string | undefined)[]> {
    const serverSaw = new Promise<string | undefined>((resolve) => (seen = resolve))
    const { port } = server.address() as AddressInfo
    const clientSaw = new Promise<string | undefined>((resolve) => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port,
        cert: client.certChainPem,
        key: client.keyPem,
        ca: trusted,
        checkServerIdentity: () => undefined,
      })
      socket.once('data', () => {
        resolve(spiffeIdOf(socket))
        socket.destroy()
      })
      socket.on('error', () => {})
      socket.once('close', () => resolve(undefined))
    })
    return Promise.all([serverSaw, clientSaw])
  }

  test('shows each side the identity of the other', async () => {
    expect(await shake(authority.issue('demo', 'client'), authority.rootPem)).toEqual([
      'spiffe://cluster.local/ns/demo/sa/client',
      'spiffe://cluster.local/ns/demo/sa/server',
    ])
  })

  test('fails with a leaf of another authority, on either side', async () => {
    const foreign = new CertificateAuthority()
    expect(await shake(foreign.issue('demo', 'client'), authority.rootPem)).toEqual([undefined, undefined])
    expect(await shake(authority.issue('demo', 'client'), foreign.rootPem)).toEqual([undefined, undefined])
  })
})

describe('SPIFFE identities of alternative names', () => {
  test.each([
    [undefined, []],
    ['DNS:a.example, URI:spiffe://td/ns/a/sa/b', ['spiffe://td/ns/a/sa/b']],
    ['URI:spiffe://td/ns/a/sa/b, URI:spiffe://td/x', ['spiffe://td/ns/a/sa/b', 'spiffe://td/x']],
    ['DNS:"x, URI:spiffe://forged"', []],
    ['URI:https://td/ns/a/sa/b', []],
  ])('of %j are %j', (text, expected) => {
    expect(spiffeIdsOf(text)).toEqual(expected)
  })
})
