// `cairn proxy` as a waypoint for the objects of mesh-objects.ts: its files, its addresses, its process, and how clients reach
// it. What is in the mesh, tests decide.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteTunnel } from './byte-tunnel.ts'
import { type Identity, type MeshAuthority, writeIdentity } from './certificates.ts'
import { dialTls, HboneClient, type HboneTarget } from './hbone-client.ts'
import { Http2Wire, type WireOptions } from './http2-wire.ts'
import { MESH_NAMESPACE, MESH_WAYPOINT } from './mesh-objects.ts'
import { freePort, ProxyProcess } from './proxy-process.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface WaypointOptions {
  readonly authority: MeshAuthority
  /** The loopback address of the waypoint, of its own for each test file. */
  readonly host: string
  /** Kubernetes objects. */
  readonly objects: readonly object[]
  /** Further arguments of `cairn proxy`. */
  readonly args?: readonly string[]
  /** Turns the objects into an Envoy configuration that is run in their place. */
  readonly configure?: (files: WaypointFiles) => Promise<object> | object
}

/** What a configuration in place of the objects has to name. */
export interface WaypointFiles {
  readonly objects: readonly object[]
  readonly certs: string
  readonly listen: { readonly address: string; readonly port: number }
  readonly admin: { readonly address: string; readonly port: number }
}

export class RunningWaypoint {
  readonly directory: string
  readonly process: ProxyProcess
  readonly host: string
  readonly port: number
  readonly adminPort: number
  readonly rootPem: string
  /** The SPIFFE ID that the waypoint presents. */
  readonly spiffeId: string
  /** Who the clients of `dial` and `wire` are. */
  readonly client: Identity

  private constructor(
    directory: string,
    child: ProxyProcess,
    { listen, admin }: WaypointFiles,
    waypoint: Identity,
    client: Identity,
  ) {
    this.directory = directory
    this.process = child
    this.host = listen.address
    this.port = listen.port
    this.adminPort = admin.port
    this.rootPem = waypoint.rootPem
    this.spiffeId = waypoint.spiffeId
    this.client = client
  }

  static async start(options: WaypointOptions): Promise<RunningWaypoint> {
    const { authority, host, objects, args = [] } = options
    const directory = mkdtempSync(join(tmpdir(), 'cairn-waypoint-'))
    const identity = await authority.issue(MESH_NAMESPACE, 'waypoint', { ipAddresses: [host] })
    const certs = join(directory, 'certs')
    writeIdentity(certs, identity)
    const files: WaypointFiles = {
      objects,
      certs,
      listen: { address: host, port: await freePort(host) },
      admin: { address: host, port: await freePort(host) },
    }
    const configuration = await configurationArgs(directory, files, options)
    const child = await ProxyProcess.start({
      program: process.execPath,
      args: [main, 'proxy', ...configuration, ...args],
      admin: { host, port: files.admin.port },
      logFile: join(directory, 'log'),
    }).catch((error: unknown) => {
      rmSync(directory, { recursive: true, force: true })
      throw error
    })
    return new RunningWaypoint(directory, child, files, identity, await authority.issue(MESH_NAMESPACE, 'client'))
  }

  /** Where clients dial. */
  get target(): HboneTarget {
    return { host: this.host, port: this.port, root: this.rootPem, identity: this.client }
  }

  dial(): Promise<HboneClient> {
    return HboneClient.dial(this.target)
  }

  /** A connection whose every frame the test writes. */
  async wire(options: Omit<WireOptions, 'role'> = {}): Promise<Http2Wire> {
    const wire = new Http2Wire(new ByteTunnel(await dialTls(this.target)), { ...options, role: 'client' })
    wire.follow()
    return wire
  }

  /** GET (or POST) on the admin interface. */
  admin(path: string, method = 'GET'): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: this.host, port: this.adminPort, path, method, agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(text))
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  /** Ends the process and removes its files. */
  async stop(): Promise<void> {
    await this.process.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function configurationArgs(
  directory: string,
  files: WaypointFiles,
  options: WaypointOptions,
): Promise<readonly string[]> {
  if (options.configure !== undefined) {
    const file = join(directory, 'envoy.json')
    writeFileSync(file, JSON.stringify(await options.configure(files)))
    return ['--envoy-config', file]
  }
  const resources = join(directory, 'resources')
  mkdirSync(resources)
  writeFileSync(join(resources, 'mesh.yaml'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: files.objects }))
  const { listen, admin } = files
  return [
    ...['--resources', resources, '--certs', files.certs, '--waypoint', MESH_WAYPOINT],
    ...['--listen', `${listen.address}:${listen.port}`, '--admin', `${admin.address}:${admin.port}`],
  ]
}
