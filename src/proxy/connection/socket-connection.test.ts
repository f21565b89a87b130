import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { MeshAuthority, type Identity } from '../../../test/support/certificates.ts'
import { NO_STATS } from '../../../test/support/connections.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { seededRandom } from '../../lib/random.ts'
import { Dialer } from '../cluster/dialer.ts'
import { Host, type HostDescription } from '../cluster/host.ts'
import { FilterChain } from '../listener/filter-chain.ts'
import { Listener } from '../listener/listener.ts'
import { listenerStats } from '../listener/listener-stats.ts'
import { SocketListener } from '../listener/socket-listener.ts'
import type { NetworkFilter } from '../network/network-filter.ts'
import { socketAddress } from '../stream/address.ts'
import type { CloseEvent, Connection, ConnectionHandler } from './connection.ts'
import { Dispatcher } from './dispatcher.ts'
import { SLAB_BYTES, SlabPool, SMALL_SLAB_BYTES } from './slab-pool.ts'
import { HIGH_WATERMARK_BYTES } from './socket-connection.ts'
import { TlsContext } from './tls-context.ts'

type Transport = 'TCP' | 'TLS'

let server: Identity
let client: Identity

beforeAll(async () => {
  const authority = await MeshAuthority.create()
  server = await authority.issue('demo', 'server')
  client = await authority.issue('demo', 'client')
})

const cleanUps: (() => void)[] = []

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** What a connection reports, as text; every chunk is overwritten when it was seen, as its owner may do. */
class Peer implements ConnectionHandler {
  readonly events: string[] = []
  readonly hash = createHash('sha256')
  receivedBytes = 0
  writable = 0
  connection: Connection | undefined = undefined
  onChunk: () => void = () => undefined

  onData(chunk: Buffer): void {
    this.hash.update(chunk)
    this.receivedBytes += chunk.length
    chunk.fill(0xee)
    this.onChunk()
  }

  onEnd(): void {
    this.events.push('end')
  }

  onWritable(): void {
    this.writable++
  }

  onClose(event: CloseEvent, reason: string): void {
    this.events.push(reason === '' ? event : `${event} ${reason}`)
  }
}

function tlsContext(identity: Identity, more: { requireClientCertificate?: boolean } = {}): TlsContext {
  const settings = {
    minVersion: 'TLSv1.2' as const,
    maxVersion: 'TLSv1.3' as const,
    alpnProtocols: ['h2'],
    cipherSuites: undefined,
    ecdhCurves: undefined,
    sanMatchers: [],
    requireClientCertificate: false,
    sni: 'server.test',
    ...more,
  }
  const certificate = { certificateChain: identity.chainPem, privateKey: identity.keyPem }
  return new TlsContext(settings, { certificate, trustedCa: identity.rootPem })
}

function hostAt(port: number): Host {
  const target = { kind: 'socket', ip: '127.0.0.1', port } as const
  return new Host({ target, address: socketAddress('127.0.0.1', port) } as HostDescription)
}

function surroundings() {
  const defects: unknown[] = []
  const dispatcher = new Dispatcher((error) => defects.push(error))
  cleanUps.push(() => {
    dispatcher.stop()
    expect(defects).toEqual([])
  })
  const slabs = new SlabPool()
  return { dispatcher, slabs, dialer: new Dialer(dispatcher, slabs, { connect: () => undefined }) }
}

function dial({ dialer }: ReturnType<typeof surroundings>, port: number, transport: Transport): Promise<Peer> {
  const tls = transport === 'TLS' ? tlsContext(client) : undefined
  const request = {
    host: hostAt(port),
    transport: { tls, passthroughHostMetadata: [], passthroughClusterMetadata: [] },
    clusterMetadata: new Map(),
    connectTimeoutMs: 5000,
    filterState: [],
  }
  return new Promise((resolve, reject) => {
    dialer.dial(request, {
      onConnected(connection) {
        const peer = new Peer()
        peer.connection = connection
        connection.handler = peer
        cleanUps.push(() => connection.reset('test over'))
        resolve(peer)
      },
      onConnectFailed: (reason, failure) => reject(new Error(`${reason}: ${failure}`)),
    })
  })
}

/** A dialled connection, the accepted one at its other end, and what both run on. */
async function open(transport: Transport) {
  const around = surroundings()
  const accepted = new Peer()
  const terminal: NetworkFilter = {
    kind: 'terminal',
    accessLoggers: [],
    accept(connection) {
      accepted.connection = connection
      connection.handler = accepted
    },
  }
  const tls = transport === 'TLS' ? tlsContext(server, { requireClientCertificate: true }) : undefined
  const chainConfig = { name: 'chain', tls, filters: [terminal], connectionKey: '', transportConnectTimeoutMs: 0 }
  const chain = new FilterChain(chainConfig, around.dispatcher)
  const config = {
    name: 'test',
    filters: [],
    filtersTimeoutMs: 0,
    continueOnFiltersTimeout: false,
    bufferLimitBytes: 0,
    accessLoggers: [],
    chains: [chain],
    chooseChain: () => chain,
  }
  const listener = new Listener(config, listenerStats(NO_STATS, 'test'), around.dispatcher)
  const count = { openSockets: 0 }
  const sockets = new SocketListener(listener, around.slabs, count)
  cleanUps.push(() => sockets.stop())
  const port = await sockets.listen({ ip: '127.0.0.1', port: 0, reusePort: false, ipv4Compat: false })
  const dialled = await dial(around, port, transport)
  expect(await eventually(() => accepted.connection !== undefined)).toBe(true)
  cleanUps.push(() => accepted.connection?.reset('test over'))
  const ends = {
    dialled: dialled as Peer & { connection: Connection },
    accepted: accepted as Peer & { connection: Connection },
  }
  return { ...around, ...ends, count }
}

function inEvent(dispatcher: Dispatcher, action: () => void): void {
  dispatcher.run(action, undefined, undefined)
}

/** Writes pieces of random sizes as long as the connection takes them, some through the sink; returns their hash. */
async function pump(dispatcher: Dispatcher, from: Peer, total: number, seed: number): Promise<string> {
  const random = seededRandom(seed)
  const connection = from.connection as Connection
  const hash = createHash('sha256')
  const piece = Buffer.alloc(SLAB_BYTES * 2)
  let written = 0
  const some = (): void => {
    while (written < total && connection.isWritable) {
      const size = Math.min(total - written, 1 + random.below(random.below(4) === 0 ? piece.length : 3000))
      for (let at = 0; at < size; at += 97) piece[at] = random.below(256)
      const bytes = piece.subarray(0, size)
      hash.update(bytes)
      if (random.below(3) === 0) {
        const offset = connection.reserve(size)
        connection.buffer.set(bytes, offset)
        connection.commit(size)
      } else {
        connection.write(bytes)
        bytes.fill(0xdd)
      }
      written += size
    }
  }
  let reported = from.writable
  inEvent(dispatcher, some)
  while (written < total) {
    expect(await eventually(() => from.writable > reported)).toBe(true)
    reported = from.writable
    inEvent(dispatcher, some)
  }
  return hash.digest('hex')
}

describe.each(['TCP', 'TLS'] as const)('a %s connection', (transport) => {
  test.each([
    ['dialled', 'accepted'],
    ['accepted', 'dialled'],
  ] as const)('carries every byte from %s to %s, whatever becomes of the buffers it was lent', async (from, to) => {
    const rig = await open(transport)
    const total = 6 * 1024 * 1024
    const sent = await pump(rig.dispatcher, rig[from], total, 11)
    expect(await eventually(() => rig[to].receivedBytes === total)).toBe(true)
    expect(rig[to].hash.digest('hex')).toBe(sent)
  })

  test('carries every byte to a reader that pauses again and again, in both directions at once', async () => {
    const rig = await open(transport)
    const total = 3 * 1024 * 1024
    for (const peer of [rig.dialled, rig.accepted]) {
      let chunks = 0
      peer.onChunk = () => {
        if (++chunks % 5 !== 0) return
        peer.connection.pauseRead()
        setImmediate(() => inEvent(rig.dispatcher, () => peer.connection.resumeRead()))
      }
    }
    const sent = await Promise.all([
      pump(rig.dispatcher, rig.dialled, total, 5),
      pump(rig.dispatcher, rig.accepted, total, 6),
    ])
    const both = [rig.accepted, rig.dialled]
    expect(await eventually(() => both.every((peer) => peer.receivedBytes === total), 10_000)).toBe(true)
    expect(both.map((peer) => peer.hash.digest('hex'))).toEqual(sent)
  })

  test('is not writable above the high watermark, and says so when it is again', async () => {
    const { dispatcher, dialled, accepted } = await open(transport)
    inEvent(dispatcher, () => accepted.connection.pauseRead())
    let written = 0
    const chunk = Buffer.alloc(256 * 1024)
    // The kernel takes some megabytes first.
    while (dialled.connection.isWritable && written < 64 * 1024 * 1024) {
      inEvent(dispatcher, () => dialled.connection.write(chunk))
      written += chunk.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(dialled.connection.isWritable).toBe(false)
    expect(dialled.connection.bufferedBytes).toBeGreaterThanOrEqual(HIGH_WATERMARK_BYTES)
    const reported = dialled.writable
    inEvent(dispatcher, () => accepted.connection.resumeRead())
    expect(await eventually(() => dialled.writable > reported && accepted.receivedBytes === written)).toBe(true)
    expect(dialled.connection.isWritable).toBe(true)
    expect(dialled.connection.bufferedBytes).toBe(0)
  })

  test('ends in each direction by itself, after all that was written; what comes later is dropped', async () => {
    const { dispatcher, dialled, accepted, count } = await open(transport)
    const size = 700_000
    inEvent(dispatcher, () => {
      dialled.connection.write(Buffer.alloc(size))
      dialled.connection.end()
      dialled.connection.write(Buffer.from('late'))
      dialled.connection.end()
    })
    expect(await eventually(() => accepted.events.length === 1)).toBe(true)
    expect(accepted.events).toEqual(['end'])
    expect(accepted.receivedBytes).toBe(size)
    inEvent(dispatcher, () => {
      accepted.connection.write(Buffer.alloc(size))
      accepted.connection.end()
    })
    expect(await eventually(() => dialled.events.length === 2 && accepted.events.length === 2)).toBe(true)
    expect(dialled.receivedBytes).toBe(size)
    expect([dialled.events, accepted.events]).toEqual([
      ['end', 'local'],
      ['end', 'local'],
    ])
    expect(dialled.connection.isOpen).toBe(false)
    expect(await eventually(() => count.openSockets === 0)).toBe(true)
  })

  test('that is reset closes once at each end, never within the call', async () => {
    const { dispatcher, dialled, accepted, slabs } = await open(transport)
    let slab: Buffer | undefined
    inEvent(dispatcher, () => {
      dialled.connection.write(Buffer.from('lost'))
      slab = dialled.connection.buffer
      dialled.connection.reset('enough')
      dialled.connection.reset('twice')
      dialled.connection.write(Buffer.from('late'))
      expect(dialled.events).toEqual([])
    })
    expect(await eventually(() => dialled.events.length > 0 && accepted.events.length > 0)).toBe(true)
    expect(dialled.events).toEqual(['local enough'])
    inEvent(dispatcher, () => accepted.connection.end())
    expect(await eventually(() => !accepted.connection.isOpen)).toBe(true)
    expect(accepted.events.filter((event) => event !== 'end').length).toBe(1)
    // The slab that was being filled went back.
    expect(slabs.take(1)).toBe(slab)
  })

  test('takes a small slab for little, and large ones once it has filled one', async () => {
    const { dispatcher, dialled, accepted, slabs } = await open(transport)
    const sizes: number[] = []
    const take = slabs.take.bind(slabs)
    slabs.take = (size) => {
      const slab = take(size)
      sizes.push(slab.length)
      return slab
    }
    inEvent(dispatcher, () => {
      for (let i = 0; i < 20; i++) dialled.connection.write(Buffer.alloc(1000, i))
    })
    expect(await eventually(() => accepted.receivedBytes === 20_000)).toBe(true)
    expect(sizes).toEqual([SMALL_SLAB_BYTES, SLAB_BYTES])
  })

  test('uses the same few slabs for any amount of output, and none while it is idle', async () => {
    const { dispatcher, dialled, accepted, slabs } = await open(transport)
    const given = new Set<Buffer>()
    const give = slabs.give.bind(slabs)
    slabs.give = (slab) => {
      given.add(slab)
      give(slab)
    }
    for (let i = 1; i <= 50; i++) {
      inEvent(dispatcher, () => dialled.connection.write(Buffer.alloc(10_000, i)))
      expect(await eventually(() => accepted.receivedBytes === i * 10_000)).toBe(true)
    }
    expect(given.size).toBeLessThanOrEqual(2)
    expect(dialled.connection.bufferedBytes).toBe(0)
  })
})

describe('dialling', () => {
  test('says in Envoy’s words that nobody listens', async () => {
    const around = surroundings()
    const nobody = createServer()
    const port = await listening(nobody)
    await new Promise((resolve) => nobody.close(resolve))
    await expect(dial(around, port, 'TCP')).rejects.toThrow(
      'remote connection failure: delayed connect error: Connection refused',
    )
  })

  test('fails when the host closes during the handshake', async () => {
    const around = surroundings()
    const rude = createServer((socket: Socket) => socket.destroy())
    cleanUps.push(() => rude.close())
    await expect(dial(around, await listening(rude), 'TLS')).rejects.toThrow('TLS_error')
  })
})

async function listening(made: Server): Promise<number> {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return (made.address() as AddressInfo).port
}
