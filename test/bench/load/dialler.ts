// Opens the connections of a load and tunnels on them, as many client pods would: an HBONE connection each. A connection that
// was told GOAWAY serves its tunnels to their end, new ones go to a new connection.

import type { Socket } from 'node:net'
import { connectBlock, dialHbone, type DialTarget, dialTls } from './dial.ts'
import type { Http2Link } from './http2-link.ts'
import { readTlsIdentity } from './identity.ts'
import type { LoadJob } from './load-job.ts'
import type { Tunnel } from './tunnel.ts'

export class Dialler {
  openedConnections = 0
  private readonly isDirect: boolean
  private readonly target: DialTarget
  private readonly links: Array<Http2Link | undefined> = []
  private readonly sockets = new Set<Socket>()
  private readonly connectBlock: Buffer

  constructor(job: Pick<LoadJob, 'carrier' | 'host' | 'port' | 'identity' | 'authority'>) {
    this.isDirect = job.carrier === 'tls'
    this.target = { host: job.host, port: job.port, tls: readTlsIdentity(job.identity) }
    this.connectBlock = connectBlock(job.authority)
  }

  /** Starts to open `tunnel` on its connection, dialling that first where necessary. */
  open(tunnel: Tunnel): void {
    if (this.isDirect) {
      this.openDirect(tunnel)
      return
    }
    let link = this.links[tunnel.connectionIndex]
    if (link === undefined || link.isDraining || link.isClosed) {
      const dialled = dialHbone(this.target)
      this.track(dialled.socket)
      link = dialled.link
      this.links[tunnel.connectionIndex] = link
    }
    tunnel.carrier = link.open(this.connectBlock, tunnel)
  }

  /** Leaves politely: GOAWAY, close_notify; resolves when every socket is closed. */
  async close(): Promise<void> {
    for (const link of this.links) link?.goAway()
    const closed = [...this.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.sockets) socket.end()
    const forced = setTimeout(() => this.sockets.forEach((socket) => socket.destroy()), 2000)
    await Promise.all(closed)
    clearTimeout(forced)
  }

  private openDirect(tunnel: Tunnel): void {
    const socket = dialTls(this.target, 'http/1.1', (chunk, length) => tunnel.onData(chunk, 0, length))
    this.track(socket)
    tunnel.carrier = { send: (chunk) => void socket.write(chunk), end: () => socket.end() }
    socket.once('secureConnect', () => tunnel.open())
    socket.on('end', () => tunnel.onEnd())
    socket.on('close', () => tunnel.onReset(-1))
  }

  private track(socket: Socket): void {
    this.openedConnections++
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
  }
}
