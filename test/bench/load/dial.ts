// Dials as a client pod's ztunnel does: TLS 1.3 with a client certificate, HTTP/2, CONNECT.

import type { Socket } from 'node:net'
import { connect, type ConnectionOptions } from 'node:tls'
import { encodeHeaderBlock } from './frame.ts'
import { Http2Link } from './http2-link.ts'
import type { readTlsIdentity } from './identity.ts'

export interface DialTarget {
  host: string
  port: number
  tls: ReturnType<typeof readTlsIdentity>
}

const readBufferBytes = 64 * 1024

/** The header block that opens a tunnel, with the fields that ztunnel sends. */
export function connectBlock(authority: string): Buffer {
  return encodeHeaderBlock([
    [':method', 'CONNECT'],
    [':authority', authority],
    ['baggage', 'k8s.namespace.name=bench,k8s.deployment.name=client,service.name=client,service.version=v1'],
    ['forwarded', 'for="127.0.0.1:40000";host=app.bench.svc.cluster.local'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'],
  ])
}

/** A TLS connection whose bytes are handed to `receive`, borrowed, from one buffer that is read into again and again. */
export function dialTls(target: DialTarget, alpn: string, receive: (chunk: Buffer, length: number) => void): Socket {
  const onread = {
    buffer: Buffer.allocUnsafeSlow(readBufferBytes),
    callback: (length: number, chunk: Uint8Array) => {
      receive(chunk as Buffer, length)
      return true
    },
  }
  const { host, port, tls } = target
  // The types know `onread` for plain sockets only.
  const socket = connect({ host, port, ALPNProtocols: [alpn], ...tls, onread } as ConnectionOptions)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  return socket
}

export function dialHbone(target: DialTarget): { link: Http2Link; socket: Socket } {
  const socket = dialTls(target, 'h2', (chunk, length) => link.receive(chunk, 0, length))
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
  return { link, socket }
}
