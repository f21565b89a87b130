// Facts 5, 6 and 7 of what a ztunnel expects of a waypoint that dials it: what CONNECT says, how many at once, and who gives up when.

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import type { WireStream } from '../support/http2-wire.ts'
import { http2Options, named, translated } from '../support/translated-configuration.ts'
import { acceptTunnel, startMuteDestination } from '../support/wire-destination.ts'
import {
  answerHttp,
  BYTES,
  connectFields,
  echo,
  GET,
  open,
  podAddress,
  startZtunnelMesh,
  WEB,
  type ZtunnelMesh,
} from './mesh.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(30_000)

const CANCEL = 8
const CONNECT_TIMEOUT_MS = 800
/** Ends its connection, so that none is left in the pool for the next test. */
const OK = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'

/** As translated from objects, but for a connect timeout that a test can wait for. */
const impatient = translated(({ static_resources: { clusters } }) => {
  for (const cluster of clusters) {
    if (cluster.name.startsWith('connect_originate')) cluster.connect_timeout = `${CONNECT_TIMEOUT_MS / 1000}s`
  }
})

let mesh: ZtunnelMesh

beforeAll(async () => {
  mesh = await startZtunnelMesh({ network: '127.73', configure: impatient })
})

beforeEach(() => {
  mesh.destination.onStream = acceptTunnel
  mesh.destination.onData = echo
})

afterAll(() => mesh.stop())

/** The streams that the destination got since `before`. */
function streamsSince(before: number): WireStream[] {
  return mesh.destination.streams.slice(before)
}

function openOn(streams: Iterable<WireStream>): number {
  return [...streams].filter((stream) => !stream.ended && stream.reset === undefined).length
}

describe('CONNECT towards a destination', () => {
  test('has :method and :authority and nothing besides, for bytes and for HTTP', async () => {
    const wire = await mesh.waypoint.wire()
    const before = mesh.destination.streams.length
    mesh.destination.onData = answerHttp(OK)
    for (const [stream, authority] of [
      [1, BYTES],
      [3, WEB],
    ] as const) {
      await open(wire, stream, authority)
      wire.data(stream, GET)
      await wire.until(() => wire.stream(stream).body.includes('ok'))
    }
    const pseudo = [
      [':method', 'CONNECT'],
      [':authority', `${podAddress('127.73')}:8080`],
    ]
    const sections = streamsSince(before).map((stream) => stream.sections[0])
    expect(sections).toHaveLength(2)
    for (const section of sections) expect(section).toEqual(pseudo)
    wire.tunnel.end()
  })

  test('is never open more than 200 times on one connection, for 250 tunnels that come at once', async () => {
    const wires = await Promise.all([mesh.waypoint.wire(), mesh.waypoint.wire(), mesh.waypoint.wire()])
    const before = mesh.destination.streams.length
    let most = 0
    mesh.destination.onStream = (stream, wire) => {
      most = Math.max(most, openOn(wire.streams.values()))
      acceptTunnel(stream, wire)
    }
    const ids = Array.from({ length: 84 }, (_, i) => 2 * i + 1)
    for (const wire of wires) {
      for (const id of ids) {
        wire.headers(id, connectFields(BYTES))
        wire.data(id, 'bytes')
      }
    }
    const all = wires.flatMap((wire) => ids.map((id) => wire.stream(id)))
    await eventually(() => all.every((stream) => stream.body.toString() === 'bytes'))
    expect(all.filter((stream) => stream.body.toString() !== 'bytes')).toEqual([])
    expect(streamsSince(before)).toHaveLength(all.length)
    expect(most).toBeLessThanOrEqual(200)
    for (const wire of wires) wire.tunnel.reset()
    await eventually(() => openOn(streamsSince(before)) === 0)
    expect(openOn(streamsSince(before))).toBe(0)
  })

  test('keeps to the limit that a destination announced, and opens further connections', async () => {
    const narrow = await startZtunnelMesh({ network: '127.74', destination: { settings: [[3, 10]] } })
    try {
      let most = 0
      narrow.destination.onData = echo
      narrow.destination.onStream = (stream, wire) => {
        const inUse = openOn(wire.streams.values())
        most = Math.max(most, inUse)
        if (inUse > 10) wire.reset(stream.id, 7)
        else acceptTunnel(stream, wire)
      }
      const wire = await narrow.waypoint.wire()
      const ids = Array.from({ length: 50 }, (_, i) => 2 * i + 1)
      for (const [n, id] of ids.entries()) {
        wire.headers(id, connectFields(BYTES))
        wire.data(id, 'bytes')
        // The first tunnel alone: its connection brings the destination's SETTINGS.
        if (n === 0) await wire.until(() => wire.stream(id).body.length > 0)
      }
      await wire.until(() => ids.every((id) => wire.stream(id).body.length > 0 || wire.stream(id).done))
      expect(ids.filter((id) => wire.stream(id).body.toString() !== 'bytes')).toEqual([])
      expect(most).toBe(10)
      expect(narrow.destination.wires.length).toBe(5)
    } finally {
      await narrow.stop()
    }
  })
})

describe('a destination that does not answer', () => {
  test('a CONNECT is given up after the connect timeout: its stream is cancelled, and the client of bytes sees an end', async () => {
    mesh.destination.onStream = () => undefined
    const before = mesh.destination.streams.length
    const wire = await mesh.waypoint.wire()
    const startedAt = performance.now()
    await open(wire, 1, BYTES)
    await eventually(() => streamsSince(before).length === 1)
    await wire.untilDone(1)
    const tookMs = performance.now() - startedAt
    expect(wire.stream(1).done).toBe(true)
    expect(tookMs).toBeGreaterThan(CONNECT_TIMEOUT_MS * 0.9)
    expect(tookMs).toBeLessThan(CONNECT_TIMEOUT_MS + 1_500)
    expect(await eventually(() => streamsSince(before)[0].reset !== undefined)).toBe(true)
    wire.tunnel.end()
  })

  test('an HTTP request is answered by 503 inside its tunnel, which stays usable', async () => {
    mesh.destination.onStream = () => undefined
    const wire = await mesh.waypoint.wire()
    await open(wire, 1, WEB)
    wire.data(1, GET)
    await wire.until(() => wire.stream(1).body.includes('\r\n\r\n'), 10_000)
    expect(wire.stream(1).body.toString()).toMatch(/^HTTP\/1\.1 503 /)
    mesh.destination.onStream = acceptTunnel
    mesh.destination.onData = answerHttp(OK)
    wire.data(1, GET)
    await wire.until(() => wire.stream(1).body.includes('ok'))
    expect(wire.stream(1).body.toString()).toContain('HTTP/1.1 200 ')
    wire.tunnel.end()
  })

  test('a TLS handshake is given up after the connect timeout, too', async () => {
    const mute = await startMuteDestination(podAddress('127.75'))
    const silent = await startZtunnelMesh({ network: '127.75', hbonePort: mute.port, configure: impatient })
    try {
      const wire = await silent.waypoint.wire()
      const startedAt = performance.now()
      await open(wire, 1, BYTES)
      expect(await wire.untilDone(1)).toBe(true)
      expect(performance.now() - startedAt).toBeLessThan(CONNECT_TIMEOUT_MS + 1_500)
      await open(wire, 3, WEB)
      wire.data(3, GET)
      await wire.until(() => wire.stream(3).body.includes('\r\n\r\n'), 10_000)
      expect(wire.stream(3).body.toString()).toMatch(/^HTTP\/1\.1 503 /)
      wire.tunnel.end()
    } finally {
      await silent.stop()
      await mute.close()
    }
  })

  test('refusals are no success: a status other than 200 opens nothing', async () => {
    for (const status of ['204', '302', '401', '503']) {
      mesh.destination.onStream = (stream, wire) => wire.headers(stream.id, [[':status', status]], true)
      const wire = await mesh.waypoint.wire()
      await open(wire, 1, BYTES)
      wire.data(1, 'lost')
      expect(await wire.untilDone(1)).toBe(true)
      expect(wire.stream(1).body.length).toBe(0)
      wire.tunnel.end()
    }
  })
})

describe('a client that leaves before its CONNECT came through', () => {
  for (const [how, leave] of [
    ['by RST_STREAM', 'reset'],
    ['by END_STREAM and then RST_STREAM(CANCEL), as a ztunnel does', 'end and reset'],
    ['with its whole connection', 'drop'],
  ] as const) {
    test(`${how} has its stream cancelled at the destination at once`, async () => {
      mesh.destination.onStream = () => undefined
      const before = mesh.destination.streams.length
      const wire = await mesh.waypoint.wire()
      await open(wire, 1, BYTES)
      await eventually(() => streamsSince(before).length === 1)
      if (leave === 'end and reset') wire.data(1, '', true)
      if (leave === 'drop') wire.tunnel.reset()
      else wire.reset(1, CANCEL)
      // Before the connect timeout would do it.
      const cancelled = () => streamsSince(before)[0].reset !== undefined
      expect(await eventually(cancelled, CONNECT_TIMEOUT_MS / 2)).toBe(true)
      if (leave !== 'drop') wire.tunnel.end()
    })
  }
})

describe('a destination that is gone without a word', () => {
  test('is noticed by PING where that is configured: its tunnels end and the next one takes a new connection', async () => {
    const watched = await startZtunnelMesh({
      network: '127.76',
      destination: { answersPings: false },
      configure: translated(({ static_resources: { clusters } }) => {
        const cluster = clusters.find(({ name }) => /^connect_originate_/.test(name))
        http2Options(named(clusters, cluster.name)).connection_keepalive = { interval: '0.2s', timeout: '0.3s' }
      }),
    })
    try {
      watched.destination.onData = echo
      const wire = await watched.waypoint.wire()
      await open(wire, 1, BYTES)
      wire.data(1, 'bytes')
      expect(await wire.untilDone(1)).toBe(true)
      expect(watched.destination.wires[0].pingsReceived).toBeGreaterThan(0)
      expect(wire.stream(1).body.toString()).toBe('bytes')
      await open(wire, 3, BYTES)
      wire.data(3, 'again')
      await wire.until(() => wire.stream(3).body.length > 0)
      expect(watched.destination.wires).toHaveLength(2)
      wire.tunnel.end()
    } finally {
      await watched.stop()
    }
  })
})
