// Facts 1, 2, 3, 4 and 7 of what a ztunnel expects of a waypoint that it dials: how CONNECT is answered, how many at once, and PING.

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { encodeFields } from '../support/hpack-wire.ts'
import { encodeFrame, FLAG, FRAME, Http2Wire, PREFACE, setting } from '../support/http2-wire.ts'
import { ByteTunnel } from '../support/byte-tunnel.ts'
import { dialTls } from '../support/hbone-client.ts'
import { acceptTunnel } from '../support/wire-destination.ts'
import { connectionManager, named, translated } from '../support/translated-configuration.ts'
import {
  answerHttp,
  BYTES,
  connectFields,
  DOWN,
  echo,
  GET,
  open,
  startZtunnelMesh,
  statusOf,
  WEB,
  ZTUNNEL_CLIENT,
  type ZtunnelMesh,
} from './mesh.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(30_000)

let mesh: ZtunnelMesh

beforeAll(async () => {
  mesh = await startZtunnelMesh({ network: '127.70' })
})

afterEach(() => {
  mesh.destination.onStream = acceptTunnel
  mesh.destination.onData = () => undefined
})

afterAll(() => mesh.stop())

const REFUSED_STREAM = 7

/** A connection whose preface, SETTINGS and all CONNECTs leave in one write, as with a ztunnel that many clients waited for. */
async function firstFlight({ waypoint, destination }: ZtunnelMesh, ids: readonly number[]): Promise<Http2Wire> {
  destination.onData = echo
  const tunnel = new ByteTunnel(await dialTls(waypoint.target))
  const wire = new Http2Wire(tunnel, { role: 'client', greets: false })
  wire.follow()
  tunnel.write(
    Buffer.concat([
      Buffer.from(PREFACE),
      encodeFrame(FRAME.SETTINGS, 0, 0),
      ...ids.map((id) => encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, id, encodeFields(connectFields(BYTES)))),
    ]),
  )
  return wire
}

/** Every tunnel carries bytes of its own there and back. */
async function expectEcho(wire: Http2Wire, ids: readonly number[]): Promise<void> {
  for (const id of ids) wire.data(id, `tunnel ${id}`)
  await wire.until(() => ids.every((id) => wire.stream(id).body.length > 0 || wire.stream(id).done))
  expect(ids.filter((id) => wire.stream(id).body.toString() !== `tunnel ${id}`)).toEqual([])
}

describe('the answer to CONNECT', () => {
  test('is exactly 200, without content-length or transfer-encoding, whatever protocol the service has', async () => {
    const wire = await mesh.waypoint.wire()
    for (const [stream, authority] of [
      [1, BYTES],
      [3, WEB],
    ] as const) {
      expect(await open(wire, stream, authority)).toBe('200')
      const names = wire.stream(stream).sections[0].map(([name]) => name)
      expect(names).not.toContain('content-length')
      expect(names).not.toContain('transfer-encoding')
      expect(wire.stream(stream).done).toBe(false)
    }
    wire.tunnel.end()
  })

  test('is 200 also for a destination that is not there: the error comes inside the tunnel', async () => {
    const wire = await mesh.waypoint.wire()
    expect(await open(wire, 1, DOWN)).toBe('200')
    wire.data(1, GET)
    await wire.until(() => wire.stream(1).body.includes('\r\n\r\n'))
    expect(wire.stream(1).body.toString()).toMatch(/^HTTP\/1\.1 503 /)
    expect(wire.stream(1).reset).toBeUndefined()
    wire.tunnel.end()
  })

  test('does not wait for the destination, which may take its time', async () => {
    mesh.destination.onStream = () => undefined
    const wire = await mesh.waypoint.wire()
    expect(await open(wire, 1, WEB)).toBe('200')
    expect(await open(wire, 3, BYTES)).toBe('200')
    wire.tunnel.end()
  })

  test('is 200 to a client whose SETTINGS are never acknowledged and who asks before it has seen ours', async () => {
    mesh.destination.onData = echo
    const tunnel = new ByteTunnel(await dialTls(mesh.waypoint.target))
    const wire = new Http2Wire(tunnel, { role: 'client', greets: false })
    const section = encodeFields(connectFields(BYTES))
    tunnel.write(
      Buffer.concat([
        Buffer.from(PREFACE),
        encodeFrame(FRAME.SETTINGS, 0, 0, Buffer.concat((ZTUNNEL_CLIENT ?? []).map((entry) => setting(...entry)))),
        encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, 1, section),
        encodeFrame(FRAME.DATA, 0, 1, 'early bytes'),
      ]),
    )
    expect(await wire.until(() => wire.stream(1).body.length === 11)).toBe(true)
    expect(statusOf(wire, 1)).toBe('200')
    tunnel.end()
  })
})

describe('concurrent tunnels on one connection', () => {
  test('are announced as 100: fewer would make a ztunnel queue its clients', async () => {
    const wire = await mesh.waypoint.wire()
    await wire.until(() => wire.settings !== undefined)
    expect(wire.settings?.get(3)).toBeGreaterThanOrEqual(100)
    wire.tunnel.end()
  })

  test('are 100 in the first flight, before our SETTINGS arrived; only what exceeds them is refused, as not processed', async () => {
    const ids = Array.from({ length: 120 }, (_, i) => 2 * i + 1)
    const wire = await firstFlight(mesh, ids)
    await wire.until(() => ids.every((id) => statusOf(wire, id) !== undefined || wire.stream(id).done))
    expect(ids.filter((id) => statusOf(wire, id) === '200')).toEqual(ids.slice(0, 100))
    expect(new Set(ids.slice(100).map((id) => wire.stream(id).reset))).toEqual(new Set([REFUSED_STREAM]))
    await expectEcho(wire, ids.slice(0, 100))
    wire.tunnel.end()
  })

  test('are 100 with our SETTINGS acknowledged, again and again', async () => {
    mesh.destination.onData = echo
    const wire = await mesh.waypoint.wire()
    await wire.until(() => wire.settings !== undefined)
    for (let burst = 0; burst < 3; burst++) {
      const ids = Array.from({ length: 100 }, (_, i) => 2 * (burst * 100 + i) + 1)
      for (const id of ids) {
        wire.headers(id, connectFields(BYTES))
        wire.data(id, 'bytes', true)
      }
      expect(await wire.until(() => ids.every((id) => wire.stream(id).done))).toBe(true)
      expect(ids.filter((id) => !wire.stream(id).ended || wire.stream(id).body.toString() !== 'bytes')).toEqual([])
    }
    wire.tunnel.end()
  })
})

describe('with a limit of 10 tunnels', () => {
  test('the first flight still may have 100, since their sender cannot know', async () => {
    const narrow = await startZtunnelMesh({
      network: '127.72',
      configure: translated(({ static_resources: { listeners } }) => {
        connectionManager(named(listeners, 'connect_terminate')).http2_protocol_options.max_concurrent_streams = 10
      }),
    })
    try {
      const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1)
      const wire = await firstFlight(narrow, ids)
      await expectEcho(wire, ids)
      expect(wire.settings?.get(3)).toBe(10)
    } finally {
      await narrow.stop()
    }
  })
})

describe('PING', () => {
  test('is acknowledged with its own payload, with and without tunnels', async () => {
    const wire = await mesh.waypoint.wire()
    for (const [n, payload] of ['3b7cdb7a0b8716b4', '0000000000000000'].entries()) {
      wire.frame(FRAME.PING, 0, 0, Buffer.from(payload, 'hex'))
      await wire.until(() => wire.pingsAcknowledged === n + 1)
      expect(wire.lastPingAck?.toString('hex')).toBe(payload)
      await open(wire, 2 * n + 1, BYTES)
    }
    wire.tunnel.end()
  })

  test('without an answer ends the connection of a client that is gone, and only that one', async () => {
    const impatient = await startZtunnelMesh({
      network: '127.71',
      configure: translated(({ static_resources: { listeners } }) => {
        const keepalive = { interval: '0.2s', timeout: '0.3s' }
        connectionManager(named(listeners, 'connect_terminate')).http2_protocol_options.connection_keepalive = keepalive
      }),
    })
    try {
      impatient.destination.onData = answerHttp('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      const gone = await impatient.waypoint.wire({ answersPings: false })
      const alive = await impatient.waypoint.wire()
      expect(await open(gone, 1, BYTES)).toBe('200')
      expect(await open(alive, 1, WEB)).toBe('200')
      expect(await gone.tunnel.untilEnded()).toBe(true)
      await alive.until(() => alive.pingsReceived >= 3)
      alive.data(1, GET)
      await alive.until(() => alive.stream(1).body.includes('\r\n\r\nok'))
      expect(alive.stream(1).body.toString()).toMatch(/^HTTP\/1\.1 200 /)
    } finally {
      await impatient.stop()
    }
  })
})
