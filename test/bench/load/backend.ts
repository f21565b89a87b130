// A process: the application behind an HBONE endpoint (as a destination's ztunnel shows it) and behind a plain port.
// Arguments: JSON {identity, host, hbonePort, plainPort}; ports may be 0. Reports {hbonePort, plainPort} over IPC; ends with it.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { IdentityFiles } from '../../support/certificates.ts'
import { Application } from './application.ts'
import { Http2Link, type LinkStream, type StreamHandler } from './http2-link.ts'
import { readTlsIdentity } from './identity.ts'

export interface BackendArguments {
  identity: IdentityFiles
  host: string
  hbonePort: number
  plainPort: number
}

export interface BackendPorts {
  hbonePort: number
  plainPort: number
}

/** `:status 200`, index 8 of the static table. */
const tunnelAccepted = Buffer.from([0x88])

/** One CONNECT tunnel to the application: 200 at once, END_STREAM answered with END_STREAM. */
class TunnelEnd implements StreamHandler {
  private readonly stream: LinkStream
  private readonly application: Application

  constructor(stream: LinkStream) {
    this.stream = stream
    this.application = new Application(stream)
  }

  onHeaders(): void {
    this.stream.link.sendHeaders(this.stream, tunnelAccepted)
  }

  onData(chunk: Buffer, start: number, end: number): void {
    this.application.receive(chunk, start, end)
  }

  onEnd(): void {
    this.stream.end()
  }

  onReset(): void {}
}

function serveHbone(socket: Socket): void {
  socket.setNoDelay(true)
  const link = new Http2Link(
    { write: (chunk, written) => void socket.write(chunk, written), destroy: () => socket.destroy() },
    'server',
    { onStream: (stream) => new TunnelEnd(stream), onGoAway: () => {} },
  )
  socket.on('data', (chunk: Buffer) => link.receive(chunk, 0, chunk.length))
  socket.on('end', () => socket.end())
  socket.on('error', () => {})
  socket.on('close', () => link.close())
}

function servePlain(socket: Socket): void {
  socket.setNoDelay(true)
  const application = new Application({
    send: (chunk, start, end) =>
      void socket.write(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end)),
  })
  socket.on('data', (chunk: Buffer) => application.receive(chunk, 0, chunk.length))
  socket.on('error', () => {})
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

async function main(): Promise<void> {
  const { identity, host, hbonePort, plainPort } = JSON.parse(process.argv[2]) as BackendArguments
  process.once('disconnect', () => process.exit(0))
  const tls = { ...readTlsIdentity(identity), ALPNProtocols: ['h2'], requestCert: true, rejectUnauthorized: true }
  const ports: BackendPorts = {
    hbonePort: await listen(createTlsServer(tls, serveHbone), host, hbonePort),
    plainPort: await listen(createServer(servePlain), host, plainPort),
  }
  process.send!(ports)
}

await main()
