// A local TCP port whose every connection is joined to one that `dial` makes: lets a program that speaks plain TCP talk to the
// inside of a TLS connection or of an HBONE tunnel. Bytes and ends pass both ways; nothing is interpreted.

import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ByteBridge {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

export async function startByteBridge(dial: () => Promise<Duplex>, host = '127.0.0.1'): Promise<ByteBridge> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    dial().then(
      (far) => join(socket, far),
      () => socket.resetAndDestroy(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  return {
    host,
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function join(near: Socket, far: Duplex): void {
  near.pipe(far)
  far.pipe(near)
  far.on('error', () => near.destroy())
  near.on('close', () => far.destroy())
  // A half-closed TLS connection or stream whose other half is gone as well.
  far.on('close', () => near.destroySoon())
}
