// Opens connections to hosts: TCP, TLS over TCP, and into internal listeners. Knows nothing of pools or protocols.

import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { Timer } from '../../lib/timer-wheel.ts'
import type { ResetReason } from '../../codec/http-stream.ts'
import type { Connection } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { tlsFacts } from '../connection/certificate-facts.ts'
import type { SlabPool } from '../connection/slab-pool.ts'
import { SocketConnection } from '../connection/socket-connection.ts'
import type { TlsContext } from '../connection/tls-context.ts'
import { socketAddress } from '../stream/address.ts'
import type { CertificateFacts, ConnectionFacts, TlsFacts } from '../stream/connection-facts.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import type { FilterStateEntry } from '../stream/filter-state.ts'
import type { Metadata, MetadataStruct } from '../stream/metadata.ts'
import type { Host } from './host.ts'

/** How a cluster's connections are secured. */
export interface UpstreamTransport {
  /** undefined: plain bytes. */
  readonly tls: TlsContext | undefined
  /** Namespaces of host and cluster metadata that go with a connection into an internal listener. */
  readonly passthroughHostMetadata: readonly string[]
  readonly passthroughClusterMetadata: readonly string[]
}

/** What an internal listener receives with a connection. */
export interface InternalDial {
  readonly listener: string
  readonly endpointId: string
  readonly metadata: Metadata
  readonly filterState: readonly FilterStateEntry[]
}

/** The listeners inside this process; declared here, wired in build/. */
export interface InternalListeners {
  /** The dialled end, or undefined when there is no such listener. */
  connect(dial: InternalDial): Connection | undefined
}

export interface DialCallbacks {
  onConnected(connection: Connection): void
  /** `transportFailure` in Envoy's words, e.g. `delayed connect error: Connection refused`. */
  onConnectFailed(reason: ResetReason, transportFailure: string): void
}

export interface DialRequest {
  readonly host: Host
  readonly transport: UpstreamTransport
  readonly clusterMetadata: Metadata
  readonly connectTimeoutMs: number
  /** Filter state that goes along into an internal listener. */
  readonly filterState: readonly FilterStateEntry[]
}

export class Dialer {
  readonly dispatcher: Dispatcher
  private readonly slabs: SlabPool
  private readonly internalListeners: InternalListeners
  /** All dialled sockets read into it in turn: a chunk is borrowed until its callback returns. */
  private readonly readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

  constructor(dispatcher: Dispatcher, slabs: SlabPool, internalListeners: InternalListeners) {
    this.dispatcher = dispatcher
    this.slabs = slabs
    this.internalListeners = internalListeners
  }

  /** Calls back later, never within this call, except for internal listeners, which connect at once. */
  dial(request: DialRequest, callbacks: DialCallbacks): Dialing {
    const dialing = new Dialing(this, request, callbacks)
    const target = request.host.description.target
    if (target.kind === 'internal') dialing.connectInside(this.internalListeners, target.listener, target.endpointId)
    else dialing.connectSocket(target.ip, target.port, this.readBuffer, this.slabs)
    return dialing
  }
}

/** One attempt to connect; over when one of the callbacks was called or after `cancel`. */
export class Dialing {
  private readonly dialer: Dialer
  private readonly request: DialRequest
  private readonly callbacks: DialCallbacks
  private readonly timer: Timer<Dialing>
  private socket: Socket | undefined = undefined
  private connection: SocketConnection | undefined = undefined
  private done = false

  constructor(dialer: Dialer, request: DialRequest, callbacks: DialCallbacks) {
    this.dialer = dialer
    this.request = request
    this.callbacks = callbacks
    this.timer = new Timer<Dialing>(onConnectTimeout, this)
  }

  connectInside(listeners: InternalListeners, listener: string, endpointId: string): void {
    const { transport, host, clusterMetadata, filterState } = this.request
    const metadata = new Map<string, MetadataStruct>()
    copyNamespaces(transport.passthroughClusterMetadata, clusterMetadata, metadata)
    copyNamespaces(transport.passthroughHostMetadata, host.description.metadata, metadata)
    const connection = listeners.connect({ listener, endpointId, metadata, filterState })
    this.done = true
    // No such listener, or it closed the connection while accepting it: no filter chain, no host.
    if (connection === undefined || !connection.isOpen) {
      const remote = host.description.address.text
      const failure = `immediate connect error: Invalid argument|remote address:${remote}`
      this.callbacks.onConnectFailed('remote connection failure', failure)
      return
    }
    this.callbacks.onConnected(connection)
  }

  connectSocket(ip: string, port: number, readBuffer: Buffer, slabs: SlabPool): void {
    const { dispatcher } = this.dialer
    const tls = this.request.transport.tls
    if (tls !== undefined && tls.secureContext === undefined) {
      dispatcher.defer(failWithoutSecret, this)
      return
    }
    const onread = {
      buffer: readBuffer,
      callback: (length: number): boolean => this.connection?.deliver(readBuffer.subarray(0, length)) ?? true,
    }
    const socket = openSocket(ip, port, tls, onread)
    this.socket = socket
    dispatcher.timers.schedule(this.timer, this.request.connectTimeoutMs)
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => dispatcher.run(onSocketConnected, this, slabs))
    socket.once('error', (error: NodeJS.ErrnoException) => dispatcher.run(onSocketError, this, error))
    socket.once('close', () => dispatcher.run(onSocketError, this, CLOSED_EARLY))
  }

  get isTls(): boolean {
    return this.request.transport.tls !== undefined
  }

  cancel(): void {
    if (this.done) return
    this.finish()
    this.socket?.destroy()
  }

  /** @internal */
  socketConnected(slabs: SlabPool): void {
    if (this.done || this.socket === undefined) return
    const { dispatcher } = this.dialer
    const tls = this.request.transport.tls
    let facts: TlsFacts | undefined
    if (tls !== undefined) {
      facts = tlsFacts(this.socket as TLSSocket, tls.localFacts, tls.verifiesPeer)
      if (!tls.acceptsPeer(facts.peer)) {
        this.fail('remote connection failure', sanMismatch(facts.peer))
        return
      }
    }
    this.finish()
    const connection = new SocketConnection(this.socket, {
      dispatcher,
      slabs,
      facts: dialledFacts(this.socket, facts),
      copiesOnWrite: tls !== undefined,
    })
    this.connection = connection
    this.callbacks.onConnected(connection)
  }

  /** @internal */
  fail(reason: ResetReason, transportFailure: string): void {
    if (this.done) return
    this.finish()
    this.socket?.destroy()
    this.callbacks.onConnectFailed(reason, transportFailure)
  }

  private finish(): void {
    this.done = true
    this.dialer.dispatcher.timers.cancel(this.timer)
  }
}

type OnRead = { buffer: Buffer; callback: (length: number) => boolean }

function openSocket(ip: string, port: number, tls: TlsContext | undefined, onread: OnRead): Socket {
  if (tls === undefined) return connectTcp({ host: ip, port, allowHalfOpen: true, noDelay: true, onread })
  const { settings } = tls
  return connectTls({
    host: ip,
    port,
    allowHalfOpen: true,
    secureContext: tls.secureContext,
    minVersion: settings.minVersion,
    maxVersion: settings.maxVersion,
    ALPNProtocols: settings.alpnProtocols.length > 0 ? [...settings.alpnProtocols] : undefined,
    servername: settings.sni,
    rejectUnauthorized: tls.verifiesPeer,
    checkServerIdentity: () => undefined,
    onread,
  } as unknown as ConnectionOptions)
}

function dialledFacts(socket: Socket, tls: TlsFacts | undefined): ConnectionFacts {
  const local = socketAddress(socket.localAddress ?? '', socket.localPort ?? 0)
  const remote = socketAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0)
  return newConnectionFacts({ local, remote, tls })
}

function copyNamespaces(names: readonly string[], from: Metadata, to: Map<string, MetadataStruct>): void {
  for (const name of names) {
    const struct = from.get(name)
    if (struct !== undefined) to.set(name, struct)
  }
}

const CLOSED_EARLY: NodeJS.ErrnoException = Object.assign(new Error('closed'), { code: 'ECONNRESET' })

function sanMismatch(peer: CertificateFacts | undefined): string {
  const sans = peer === undefined ? [] : [...peer.uriSans, ...peer.dnsSans, ...peer.ipSans, ...peer.emailSans]
  const failure = `verify cert failed: SAN matcher, certificate SANs are [${sans.join(', ')}]`
  return `TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${failure}:TLS_error_end`
}

/** Of a transport failure: there was no connection at all, so no handshake that could have failed either. */
export function wasRefused(transportFailure: string): boolean {
  return transportFailure.startsWith('delayed connect error') || transportFailure.startsWith('immediate connect error')
}

/** Node's error of a failed connect, in the words of Envoy's transport failure reason. */
function transportFailureOf(error: NodeJS.ErrnoException, isTls: boolean): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'delayed connect error: Connection refused'
    case 'ENETUNREACH':
      return 'immediate connect error: Network is unreachable'
    case 'EHOSTUNREACH':
      return 'delayed connect error: No route to host'
    case 'EADDRNOTAVAIL':
      return 'immediate connect error: Cannot assign requested address'
    case 'ETIMEDOUT':
      return 'delayed connect error: Connection timed out'
    case 'ECONNRESET':
      return isTls ? 'TLS_error:|0:::TLS_error_end' : 'delayed connect error: Connection reset by peer'
    default:
      return isTls ? tlsFailure(error) : `delayed connect error: ${error.message}`
  }
}

function tlsFailure(error: NodeJS.ErrnoException): string {
  const verification = `268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${error.message}`
  const isVerification = error.code !== undefined && !error.code.startsWith('ERR_SSL')
  return `TLS_error:|${isVerification ? verification : error.message}:TLS_error_end`
}

function onConnectTimeout(dialing: Dialing): void {
  dialing.fail('connection timeout', '')
}

function onSocketConnected(dialing: Dialing, slabs: SlabPool): void {
  dialing.socketConnected(slabs)
}

function onSocketError(dialing: Dialing, error: NodeJS.ErrnoException): void {
  dialing.fail('remote connection failure', transportFailureOf(error, dialing.isTls))
}

function failWithoutSecret(dialing: Dialing): void {
  dialing.fail('remote connection failure', 'TLS error: Secret is not supplied by SDS')
}
