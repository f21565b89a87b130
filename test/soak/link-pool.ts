// The soak's HBONE connections: some that last, replaced when the proxy retires them, and short ones that come and go.

import type { Socket } from 'node:net'
import { connectBlock, dialHbone, type DialTarget } from '../bench/load/dial.ts'
import type { Http2Link } from '../bench/load/http2-link.ts'
import { SoakTunnel } from './soak-tunnel.ts'

/** As many tunnels as a ztunnel puts on one connection. */
const maxTunnelsPerLink = 100

export class LinkPool {
  openedLinks = 0
  private readonly target: DialTarget
  private readonly block: Buffer
  private readonly lasting: Array<Http2Link | undefined>
  private readonly sockets = new Set<Socket>()

  constructor(target: DialTarget, authority: string, lastingLinks: number) {
    this.target = target
    this.block = connectBlock(authority)
    this.lasting = new Array<Http2Link | undefined>(lastingLinks).fill(undefined)
  }

  /** A tunnel on the lasting connection number `index` (modulo their count). */
  open(index: number): Promise<SoakTunnel> {
    const at = index % this.lasting.length
    let link = this.lasting[at]
    if (link === undefined || link.isDraining || link.isClosed || link.streams.size >= maxTunnelsPerLink) {
      link = this.dial().link
      this.lasting[at] = link
    }
    return SoakTunnel.open(link, this.block)
  }

  /** A tunnel on a connection of its own. The caller ends or destroys the socket. */
  async openAlone(): Promise<{ tunnel: SoakTunnel; socket: Socket }> {
    const { link, socket } = this.dial()
    return { tunnel: await SoakTunnel.open(link, this.block), socket }
  }

  /** Closes every connection; resolves when they are gone. */
  async close(): Promise<void> {
    const closed = [...this.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.sockets) socket.end()
    const forced = setTimeout(() => {
      for (const socket of this.sockets) socket.destroy()
    }, 2000)
    await Promise.all(closed)
    clearTimeout(forced)
  }

  private dial(): { link: Http2Link; socket: Socket } {
    this.openedLinks++
    const dialled = dialHbone(this.target)
    this.sockets.add(dialled.socket)
    dialled.socket.on('end', () => dialled.socket.end())
    dialled.socket.on('close', () => this.sockets.delete(dialled.socket))
    return dialled
  }
}
