import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startEchoService } from './echo-service.ts'
import { startHboneServer } from './hbone-server.ts'
import { startMesh } from './mesh.ts'
import { parseRequests } from './scripted-requests.ts'
import { readTopology } from './topology.ts'

const folder = fileURLToPath(new URL('../../examples/demo', import.meta.url))

describe('examples/demo', () => {
  test('names a waypoint, pods with ports of their own, and every service that is dialled', () => {
    const { waypoint, pods, services } = readTopology(folder)
    expect(waypoint).toEqual({ namespace: 'demo', name: 'waypoint' })
    const ports = pods.flatMap(({ port, hbonePort }) => [port, hbonePort])
    expect(ports).not.toContain(undefined)
    expect(new Set(ports).size).toBe(ports.length)
    const names = services.map(({ name }) => name)
    for (const { service } of parseRequests(readFileSync(`${folder}/requests.txt`, 'utf8'))) {
      expect(names).toContain(service)
    }
  })

  test('asks for backends that its pods are', () => {
    const backends = readTopology(folder).pods.map(({ app, version }) => `${app}-${version}`)
    for (const request of parseRequests(readFileSync(`${folder}/requests.txt`, 'utf8'))) {
      for (const backend of request.backends) expect(backends).toContain(backend)
    }
  })
})

describe('the mesh of the demo', () => {
  test('dials the waypoint with the address of the service, and takes another port where one is taken', async () => {
    const taken = await startEchoService({ service: 'x', version: '', pod: 'x' })
    const topology = {
      waypoint: { namespace: 'demo', name: 'waypoint' },
      pods: [],
      services: [{ namespace: 'demo', name: 'reviews', authority: '10.96.0.10:80' }],
    }
    const dialled: string[] = []
    let dial: () => void
    const arrived = new Promise<void>((resolve) => (dial = resolve))
    // The waypoint's place is known before its certificate is.
    const probe = await startEchoService({ service: 'probe', version: '', pod: 'probe' })
    await probe.close()
    const mesh = await startMesh(topology, { host: '127.0.0.1', port: probe.port }, taken.port)
    const waypoint = await startHboneServer({
      credentials: mesh.waypointCredentials,
      port: probe.port,
      resolve: () => ({ host: '127.0.0.1', port: taken.port }),
      onTunnel: ({ authority, peer }) => {
        dialled.push(authority, peer)
        dial()
      },
    })
    const port = mesh.portOf('reviews')!
    expect(port).not.toBe(taken.port)
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    await arrived
    expect(((await response.json()) as { service: string }).service).toBe('x')
    expect(dialled).toEqual(['10.96.0.10:80', 'spiffe://cluster.local/ns/demo/sa/curl'])
    await mesh.close()
    await waypoint.close()
    await taken.close()
  })
})
