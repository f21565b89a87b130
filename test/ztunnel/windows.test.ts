// Fact 10 of what a ztunnel expects: large windows, early, so that bulk data travels in large frames and few WINDOW_UPDATEs.

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import type { Http2Wire } from '../support/http2-wire.ts'
import { acceptTunnel } from '../support/wire-destination.ts'
import { BYTES, open, startZtunnelMesh, ZTUNNEL_CLIENT, ZTUNNEL_CONNECTION_CREDIT, type ZtunnelMesh } from './mesh.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(30_000)

const BULK_BYTES = 20 << 20
/** A ztunnel returns credit in steps of this size. */
const CREDIT_STEP_BYTES = 1_400_000
/** Frames of 16 KiB would be 1280; with windows of 64 KiB a ztunnel's peer took 3745. */
const MOST_FRAMES = 1_500
const FRAME_BYTES = 16_384

let mesh: ZtunnelMesh

beforeAll(async () => {
  mesh = await startZtunnelMesh({
    network: '127.79',
    destination: { keepsBodies: false, creditStepBytes: CREDIT_STEP_BYTES },
  })
})

beforeEach(() => {
  mesh.destination.onStream = (stream, wire) => {
    if (wire.streams.size === 1) wire.windowUpdate(0, ZTUNNEL_CONNECTION_CREDIT)
    acceptTunnel(stream, wire)
  }
  mesh.destination.onData = () => undefined
})

afterAll(() => mesh.stop())

async function bulkClient(): Promise<Http2Wire> {
  const wire = await mesh.waypoint.wire({
    settings: ZTUNNEL_CLIENT,
    keepsBodies: false,
    creditStepBytes: CREDIT_STEP_BYTES,
  })
  wire.windowUpdate(0, ZTUNNEL_CONNECTION_CREDIT)
  await wire.until(() => wire.settings !== undefined)
  return wire
}

describe('receive windows', () => {
  test('of a connection are at least 16 MiB from the first flight, in both directions', async () => {
    const wire = await bulkClient()
    expect(65_535 + wire.connectionCredit).toBeGreaterThanOrEqual(16 << 20)
    await open(wire, 1, BYTES)
    await eventually(() => mesh.destination.wires.length > 0)
    const [its] = mesh.destination.wires
    await its.until(() => its.connectionCredit > 0)
    expect(65_535 + its.connectionCredit).toBeGreaterThanOrEqual(16 << 20)
    wire.tunnel.end()
  })

  test('carry 20 MiB up in large frames, and grow while the destination takes it', async () => {
    const wire = await bulkClient()
    const before = mesh.destination.streams.length
    await open(wire, 1, BYTES)
    expect(await wire.sendBody(1, BULK_BYTES, FRAME_BYTES)).toBe(true)
    wire.data(1, '', true)
    const up = () => mesh.destination.streams[before]
    await eventually(() => mesh.destination.streams.length > before && up().ended, 10_000)
    expect(up().dataBytes).toBe(BULK_BYTES)
    expect(up().dataFrames).toBeLessThan(MOST_FRAMES)
    // The window doubles: a fixed 64 KiB would take 640 updates or more.
    expect(wire.stream(1).windowUpdates).toBeLessThan(150)
    expect(wire.stream(1).credit / wire.stream(1).windowUpdates).toBeGreaterThan(128 << 10)
    wire.tunnel.end()
  })

  test('carry 20 MiB down in large frames, and grow while the client takes it', async () => {
    const wire = await bulkClient()
    const seen: number[] = []
    mesh.destination.onData = (stream, its) => {
      if (seen.includes(stream.id)) return
      seen.push(stream.id)
      void its.sendBody(stream.id, BULK_BYTES, FRAME_BYTES).then(() => its.data(stream.id, '', true))
    }
    await open(wire, 1, BYTES)
    wire.data(1, 'send it')
    await wire.until(() => wire.stream(1).done, 15_000)
    expect(wire.stream(1).dataBytes).toBe(BULK_BYTES)
    expect(wire.stream(1).dataFrames).toBeLessThan(MOST_FRAMES)
    const stream = mesh.destination.streams.at(-1)
    expect(stream?.windowUpdates).toBeLessThan(150)
    wire.tunnel.end()
  })

  test('of a stream whose reader stopped are bounded, and other tunnels on the same connections go on', async () => {
    const wire = await mesh.waypoint.wire({ returnsCredit: false })
    wire.windowUpdate(0, ZTUNNEL_CONNECTION_CREDIT)
    await wire.until(() => wire.settings !== undefined)
    let stalled: [Http2Wire, number] | undefined
    let sending: Promise<boolean> | undefined
    mesh.destination.onData = (stream, its) => {
      if (stalled !== undefined) {
        if (stalled[1] !== stream.id) its.data(stream.id, 'answer')
        return
      }
      stalled = [its, stream.id]
      sending = its.sendBody(stream.id, BULK_BYTES, FRAME_BYTES, 500)
    }
    await open(wire, 1, BYTES)
    wire.data(1, 'send it')
    await wire.until(() => wire.stream(1).dataBytes === 65_535)
    await open(wire, 3, BYTES)
    wire.data(3, 'question')
    await wire.until(() => wire.stream(3).dataBytes > 0)
    expect(wire.stream(3).body.toString()).toBe('answer')
    expect(wire.stream(1).dataBytes).toBe(65_535)
    // No credit for half a second: that is all it gets.
    expect(await sending).toBe(false)
    const [its, id] = stalled ?? []
    expect(id === undefined ? undefined : its?.sentBytes(id)).toBeLessThan(1 << 20)
    expect(mesh.destination.wires.filter((other) => other.tunnel.ending === undefined)).toEqual([its])
    wire.tunnel.end()
  })
})
