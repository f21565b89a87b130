// Malformed messages get an error or an end and never reach a destination, and peers that vanish leave nothing behind.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { ByteTunnel } from '../support/byte-tunnel.ts'
import { eventually } from '../support/eventually.ts'
import { encodeFields } from '../support/hpack-wire.ts'
import { encodeFrame, FLAG, FRAME, Http2Wire, PREFACE } from '../support/http2-wire.ts'
import { acceptTunnel, type StreamProgram } from '../support/wire-destination.ts'
import { BYTES, connectFields, DOWN, GET, open, startZtunnelMesh, WEB, type ZtunnelMesh } from '../ztunnel/mesh.ts'
import { MALFORMED_HTTP1 } from './malformed-http1.ts'
import { MALFORMED_HTTP2 } from './malformed-http2.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(60_000)

const FRAME_BYTES = 16_384
const OK = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'

let mesh: ZtunnelMesh
let wire: Http2Wire
/** Streams that destinations had before the test. */
let before = 0

/** Answers whatever comes, so that a request that got through shows on both sides. */
const answerAnything: StreamProgram = (stream, its) => {
  if (stream.dataFrames === 1) its.data(stream.id, OK, true)
}

beforeAll(async () => {
  mesh = await startZtunnelMesh({ network: '127.67' })
})

beforeEach(async () => {
  mesh.destination.onStream = acceptTunnel
  mesh.destination.onData = answerAnything
  before = mesh.destination.streams.length
  wire = await mesh.waypoint.wire()
})

afterEach(() => wire.tunnel.reset())

afterAll(() => mesh.stop())

/** What destinations got since the test began. */
function received(): string {
  return mesh.destination.streams
    .slice(before)
    .map((stream) => stream.body.toString('latin1'))
    .join('')
}

async function expectServing(): Promise<void> {
  const fresh = await mesh.waypoint.wire()
  await open(fresh, 1, WEB)
  fresh.data(1, GET)
  await fresh.until(() => fresh.stream(1).body.toString().endsWith('ok'))
  expect(fresh.stream(1).body.toString()).toMatch(/^HTTP\/1\.1 200 /)
  fresh.tunnel.end()
}

describe('HTTP/1 inside a tunnel', () => {
  test.each(MALFORMED_HTTP1)('with $what is refused', async ({ bytes }) => {
    await open(wire, 1, WEB)
    for (let at = 0; at < bytes.length; at += FRAME_BYTES) wire.data(1, bytes.slice(at, at + FRAME_BYTES))
    const over = () => wire.stream(1).done || /\r\n\r\n/.test(wire.stream(1).body.toString('latin1'))
    await wire.until(over, 2_000)
    const answer = wire.stream(1).body.toString('latin1')
    if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 (4\d\d|501) /)
    expect(await wire.untilDone(1)).toBe(true)
    expect(wire.stream(1).done).toBe(true)
    expect(received()).not.toContain('SMUGGLED')
  })

  test('leaves the proxy serving', expectServing)
})

describe('HTTP/2 inside a tunnel', () => {
  test.each(MALFORMED_HTTP2)('with $what is refused', async ({ fields }) => {
    const client = await mesh.waypoint.dial()
    const inner = new Http2Wire(new ByteTunnel(await client.openStream(WEB)), { role: 'client' })
    inner.headers(1, fields, true)
    await expectRefused(inner)
    expect(received()).not.toContain('SMUGGLED')
    client.destroy()
  })

  test('leaves the proxy serving', expectServing)
})

describe('the outer HTTP/2', () => {
  test.each(MALFORMED_HTTP2)('with $what in a CONNECT or a request opens no tunnel', async ({ fields }) => {
    wire.headers(1, fields, true)
    await expectRefused(wire)
    expect(mesh.destination.streams.length).toBe(before)
  })

  test('leaves the proxy serving', expectServing)
})

describe('peers that vanish', () => {
  test('free all that they held, whatever they were doing', async () => {
    mesh.destination.onStream = (stream, its) => {
      // Every third destination never answers.
      if (mesh.destination.streams.length % 3 > 0) acceptTunnel(stream, its)
    }
    mesh.destination.onData = (stream, its) => {
      // Some answer in part, some not at all.
      if (stream.dataFrames === 1 && stream.id % 4 === 1) {
        its.data(stream.id, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\npart')
      }
    }
    const wires: Http2Wire[] = [wire]
    for (let n = 0; n < 20; n++) {
      const client = await mesh.waypoint.wire({ returnsCredit: false })
      wires.push(client)
      client.headers(1, connectFields(BYTES))
      client.data(1, 'bytes')
      client.headers(3, connectFields(WEB))
      client.data(3, n % 2 === 0 ? GET : 'GET / HT')
      client.headers(5, connectFields(DOWN))
      client.data(5, `POST / HTTP/1.1\r\nhost: web\r\ncontent-length: 1000\r\n\r\npart`)
      client.headers(7, connectFields(WEB))
      client.data(7, PREFACE)
      // A frame that announces more than will come.
      client.tunnel.write(
        encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, 9, encodeFields(connectFields(WEB))).subarray(0, 20),
      )
    }
    await eventually(() => mesh.destination.streams.length >= 40)
    expect(await activeGauges('downstream')).not.toEqual([])
    for (const client of wires) client.tunnel.reset()
    await eventually(async () => (await activeGauges('downstream')).length === 0)
    expect(await activeGauges('downstream')).toEqual([])
    expect(await activeGauges('upstream_rq')).toEqual([])
    // Connections to destinations are kept for others, until those end them.
    for (const its of mesh.destination.wires) its.tunnel.reset()
    await eventually(async () => (await activeGauges('stream')).length === 0)
    expect(await activeGauges('stream')).toEqual([])
  })

  test('leave the proxy serving', expectServing)
})

/** Gauges of what is in use, that are not zero. */
async function activeGauges(kind: string): Promise<string[]> {
  const text = await mesh.waypoint.admin('/stats')
  return text.split('\n').filter((line) => line.includes(kind) && /_active: [1-9]/.test(line))
}

/** Stream 1 is refused: by a status of the client's fault, RST_STREAM, GOAWAY or the end. */
async function expectRefused(peer: Http2Wire): Promise<void> {
  const isRefused = () => peer.stream(1).done || peer.goaway !== undefined || peer.tunnel.ending !== undefined
  expect(await peer.until(isRefused)).toBe(true)
  const status = peer.stream(1).sections[0]?.find(([name]) => name === ':status')?.[1]
  if (status !== undefined) expect(status).toMatch(/^4/)
}
