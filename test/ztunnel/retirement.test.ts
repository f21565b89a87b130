// Fact 8 of what a ztunnel expects: a connection is retired by GOAWAY(NO_ERROR, 2^31-1), serves what runs, and refuses nobody.
// Each test ends the proxy that it runs.

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { BYTES, echo, GET, open, startZtunnelMesh, WEB, type ZtunnelMesh } from './mesh.ts'

// Each proxy is a process, which takes a second or two to start.
jest.setTimeout(30_000)

const LARGEST_STREAM = 0x7fff_ffff

let mesh: ZtunnelMesh

beforeEach(async () => {
  mesh = await startZtunnelMesh({ network: '127.77', args: ['--drain-time', '15s'] })
  mesh.destination.onData = echo
})

afterEach(() => mesh.stop())

describe('a proxy that is told to end', () => {
  test('announces it by GOAWAY without an error and below no stream, and takes new tunnels that cross the notice', async () => {
    const wire = await mesh.waypoint.wire()
    await open(wire, 1, BYTES)
    wire.data(1, 'before')
    await wire.until(() => wire.stream(1).body.length === 6)
    process.kill(mesh.waypoint.process.pid, 'SIGTERM')
    await wire.until(() => wire.goaway !== undefined)
    expect(wire.goaway).toEqual({ code: 0, lastStream: LARGEST_STREAM })
    expect(await open(wire, 3, BYTES)).toBe('200')
    for (const id of [1, 3]) wire.data(id, 'after')
    await wire.until(() => wire.stream(1).body.length === 11 && wire.stream(3).body.length === 5)
    expect(wire.stream(1).body.toString()).toBe('beforeafter')
    expect(wire.stream(3).body.toString()).toBe('after')
  })

  test('keeps running tunnels past the last GOAWAY, which names them all, and ends when they end', async () => {
    const wire = await mesh.waypoint.wire()
    const ids = Array.from({ length: 20 }, (_, i) => 2 * i + 1)
    for (const id of ids) await open(wire, id, BYTES)
    process.kill(mesh.waypoint.process.pid, 'SIGTERM')
    await wire.until(() => wire.goaways === 2, 12_000)
    expect(wire.goaway?.code).toBe(0)
    expect(wire.goaway?.lastStream).toBeGreaterThanOrEqual(ids[ids.length - 1])
    for (const id of ids) wire.data(id, `tunnel ${id}`, true)
    await wire.until(() => ids.every((id) => wire.stream(id).done))
    expect(ids.filter((id) => wire.stream(id).reset !== undefined)).toEqual([])
    expect(ids.filter((id) => wire.stream(id).body.toString() !== `tunnel ${id}`)).toEqual([])
    // Long before the drain time would end it.
    expect(await eventually(() => mesh.waypoint.process.ended !== undefined, 5_000)).toBe(true)
    expect(mesh.waypoint.process.ended).toBe('exit code 0, signal -')
  })

  test('lets a request finish that a destination is still answering, and marks the answer as the last', async () => {
    const answers: (() => void)[] = []
    mesh.destination.onData = (stream, wire) => {
      answers.push(() => wire.data(stream.id, 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate'))
    }
    const wire = await mesh.waypoint.wire()
    await open(wire, 1, WEB)
    wire.data(1, GET)
    await eventually(() => answers.length === 1)
    process.kill(mesh.waypoint.process.pid, 'SIGTERM')
    await wire.until(() => wire.goaway !== undefined)
    answers[0]()
    await wire.until(() => wire.stream(1).done)
    const response = wire.stream(1).body.toString()
    expect(response).toMatch(/^HTTP\/1\.1 200 /)
    expect(response).toMatch(/\r\nconnection: close\r\n/)
    expect(response).toMatch(/late$/)
    expect(wire.stream(1).ended).toBe(true)
    expect(wire.stream(1).reset).toBeUndefined()
  })

  test('ends soon with idle connections, whose streams to destinations end without an error', async () => {
    mesh.destination.onData = (stream, wire) => {
      wire.data(stream.id, stream.ended ? '' : 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', stream.ended)
    }
    const wire = await mesh.waypoint.wire()
    await open(wire, 1, WEB)
    wire.data(1, GET)
    await wire.until(() => wire.stream(1).body.toString().endsWith('ok'))
    wire.data(1, '', true)
    expect(await wire.untilDone(1)).toBe(true)
    process.kill(mesh.waypoint.process.pid, 'SIGTERM')
    expect(await eventually(() => mesh.waypoint.process.ended !== undefined, 10_000)).toBe(true)
    const [pooled] = mesh.destination.streams
    expect(pooled.ended).toBe(true)
    expect(pooled.reset).toBeUndefined()
    expect(wire.goaway?.code).toBe(0)
  })
})
