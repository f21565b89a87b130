// Opens the connections of a load and tunnels on them, as many client pods would: an HBONE connection each, TLS 1.3 with a
// client certificate. A connection that was told GOAWAY serves its tunnels to their end, new ones go to a new connection.

import type { Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { encodeHeaderBlock } from './frame.ts'
import { Http2Link } from './http2-link.ts'
import { readTlsIdentity } from './identity.ts'
import type { LoadJob } from './load-job.ts'
import type { Tunnel } from './tunnel.ts'

type Target = Pick<LoadJob, 'carrier' | 'host' | 'port' | 'identity' | 'authority'>

const readBufferBytes = 64 * 1024

export class Dialler {
  openedConnections = 0
  private readonly target: Target
  private readonly tls: ReturnType<typeof readTlsIdentity>
  private readonly links: Array<Http2Link | undefined> = []
  private readonly sockets = new Set<Socket>()
  private readonly connectBlock: Buffer

  constructor(target: Target) {
    this.target = target
    this.tls = readTlsIdentity(target.identity)
    this.connectBlock = encodeHeaderBlock([
      [':method', 'CONNECT'],
      [':authority', target.authority],
      ['baggage', 'k8s.namespace.name=bench,k8s.deployment.name=client,service.name=client,service.version=v1'],
      ['forwarded', 'for="127.0.0.1:40000";host=app.bench.svc.cluster.local'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'],
    ])
  }

  /** Starts to open `tunnel` on its connection, dialling that first where necessary. */
  open(tunnel: Tunnel): void {
    if (this.target.carrier === 'tls') {
      this.openDirect(tunnel)
      return
    }
    let link = this.links[tunnel.connectionIndex]
    if (link === undefined || link.isDraining || link.isClosed) {
      link = this.dialLink()
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

  private dialLink(): Http2Link {
    const socket = this.dial(['h2'], (chunk, length) => link.receive(chunk, 0, length))
    const link = new Http2Link(
      { write: (chunk, written) => void socket.write(chunk, written), destroy: () => socket.destroy() },
      'client',
      {
        onStream: () => {
          throw new Error('a server opened a stream')
        },
        onGoAway: () => {},
      },
    )
    socket.on('close', () => link.close())
    return link
  }

  private openDirect(tunnel: Tunnel): void {
    const socket = this.dial(['http/1.1'], (chunk, length) => tunnel.onData(chunk, 0, length))
    tunnel.carrier = { send: (chunk) => void socket.write(chunk), end: () => socket.end() }
    socket.once('secureConnect', () => tunnel.open())
    socket.on('end', () => tunnel.onEnd())
    socket.on('close', () => tunnel.onReset(-1))
  }

  private dial(ALPNProtocols: string[], receive: (chunk: Buffer, length: number) => void): Socket {
    this.openedConnections++
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBufferBytes),
      callback: (length: number, chunk: Uint8Array) => {
        receive(chunk as Buffer, length)
        return true
      },
    }
    const { host, port } = this.target
    // `onread` reads into one buffer again and again; the types know it for plain sockets only.
    const socket = connect({ host, port, ALPNProtocols, ...this.tls, onread } as ConnectionOptions)
    socket.setNoDelay(true)
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    return socket
  }
}
