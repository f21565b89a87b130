// The suite's mesh on loopback: pods with their HBONE ends, `cairn proxy` as the waypoint, and clients of two namespaces.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CertificateAuthority, type Credentials, writeCredentials } from '../../src/demo/certificate-authority.ts'
import { HboneClient, startTunnelListener } from '../../src/demo/hbone-client.ts'
import { startHboneServer } from '../../src/demo/hbone-server.ts'
import { freePort, WaypointProcess } from '../../src/demo/waypoint-process.ts'
import { eventually } from '../support/eventually.ts'
import { type ConformanceCase, CONSUMER, MESH, type MeshRequest } from './conformance-case.ts'
import { EchoServer } from './echo-server.ts'
import { meshObjects, podPorts, pods, virtualAddresses } from './mesh-objects.ts'
import { type Answer, sendGrpc, sendHttp } from './requests.ts'

interface Closable {
  close(): void | Promise<void>
}

export class ConformanceMesh {
  private readonly authority = new CertificateAuthority()
  private readonly folder = mkdtempSync(join(tmpdir(), 'cairn-conformance-'))
  private readonly resources = join(this.folder, 'resources')
  private readonly running: Closable[] = []
  /** `client, destination` -> the plain port of its tunnels. */
  private readonly listeners = new Map<string, Promise<number>>()
  private readonly waypoint: Credentials
  private readonly podCredentials: Credentials
  private readonly clients: Readonly<Record<'mesh' | 'consumer', Credentials>>
  private hbonePort = 0
  private listenPort = 0
  private adminPort = 0
  private process: WaypointProcess | undefined
  private applied: string | undefined

  private constructor() {
    this.waypoint = this.authority.issue(MESH, 'waypoint')
    this.podCredentials = this.authority.issue(MESH, 'default')
    this.clients = { mesh: this.podCredentials, consumer: this.authority.issue(CONSUMER, 'default') }
  }

  static async start(): Promise<ConformanceMesh> {
    const mesh = new ConformanceMesh()
    try {
      await mesh.startAll()
    } catch (error) {
      await mesh.stop()
      throw error
    }
    return mesh
  }

  async stop(): Promise<void> {
    await this.process?.end()
    for (const one of this.running.reverse()) await one.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Puts the routes of a case in the place of those before, and resolves when the waypoint has them. */
  async apply({ name, routes }: ConformanceCase): Promise<void> {
    const before = this.applied
    if (before !== undefined) rmSync(join(this.resources, `${before}.yaml`))
    this.applied = routes.length === 0 ? undefined : name
    if (routes.length > 0) {
      writeFileSync(
        join(this.resources, `${name}.yaml`),
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: routes }),
      )
    }
    const isThere = async (): Promise<boolean> => {
      const dump = await this.configDump()
      return (routes.length === 0 || dump.includes(`/${name}.yaml`)) && !dump.includes(`/${before}.yaml`)
    }
    if (!(await eventually(isThere, 20_000))) throw new Error(`the routes of ${name} were not taken over`)
  }

  async send(request: MeshRequest): Promise<Answer> {
    const port = await this.portFor(request)
    return request.to.grpc === true ? sendGrpc(port, request) : sendHttp(port, request)
  }

  private async startAll(): Promise<void> {
    mkdirSync(this.resources)
    this.hbonePort = await freePort()
    for (const { name, address } of pods) {
      this.running.push(await EchoServer.start(name, address, podPorts))
      this.running.push(
        await startHboneServer({ credentials: this.podCredentials, host: address, port: this.hbonePort }),
      )
    }
    const items = meshObjects(this.hbonePort)
    writeFileSync(join(this.resources, 'base.yaml'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    const certs = join(this.folder, 'certs')
    writeCredentials(certs, this.waypoint)
    this.listenPort = await freePort()
    this.adminPort = await freePort()
    this.process = new WaypointProcess({
      resources: this.resources,
      certs,
      namespace: MESH,
      name: 'waypoint',
      listenPort: this.listenPort,
      adminPort: this.adminPort,
      logFile: join(this.folder, 'log'),
    })
    await this.process.ready()
  }

  private portFor({ from, to }: MeshRequest): Promise<number> {
    const client = from ?? 'mesh'
    const { service, port = 80, pod = false } = to
    const address = pod ? pods.find(({ version }) => service === `echo-${version}`)!.address : virtualAddresses[service]
    const key = `${client} ${address}:${port}`
    const known = this.listeners.get(key) ?? this.listen(client, address, port, pod)
    this.listeners.set(key, known)
    return known
  }

  /** A pod is dialled as a ztunnel does it: at its own HBONE end, past the waypoint. */
  private async listen(from: 'mesh' | 'consumer', address: string, port: number, isPod: boolean): Promise<number> {
    const client = new HboneClient({
      host: isPod ? address : '127.0.0.1',
      port: isPod ? this.hbonePort : this.listenPort,
      credentials: this.clients[from],
      expectedSpiffeId: (isPod ? this.podCredentials : this.waypoint).spiffeId,
    })
    const listener = await startTunnelListener({ client, authority: `${address}:${port}` })
    this.running.push(client, listener)
    return listener.port
  }

  private configDump(): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: this.adminPort, path: '/config_dump', agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })
  }
}
