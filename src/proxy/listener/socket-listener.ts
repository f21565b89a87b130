// A listener on a TCP port: accepts sockets, lets listener filters peek, terminates TLS by the chosen chain.

import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import { tlsFacts } from '../connection/certificate-facts.ts'
import type { SlabPool } from '../connection/slab-pool.ts'
import { SocketConnection } from '../connection/socket-connection.ts'
import type { TlsContext } from '../connection/tls-context.ts'
import { socketAddress } from '../stream/address.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import type { ConnectionFacts, TlsFacts } from '../stream/connection-facts.ts'
import type { FilterChain } from './filter-chain.ts'
import type { Listener } from './listener.ts'
import { SocketPeek } from './socket-peek.ts'
import type { PeekOwner } from './socket-peek.ts'

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 15_000

export interface SocketListenerAddress {
  readonly ip: string
  readonly port: number
  /** Several workers listen on the same port; the kernel spreads connections. */
  readonly reusePort: boolean
  /** IPv6 sockets take IPv4 too. */
  readonly ipv4Compat: boolean
}

/** Counts the sockets of several listeners, those included that do not listen any more. */
export interface SocketCount {
  openSockets: number
}

export class SocketListener implements PeekOwner {
  /** Whose socket it is; another one when the listener changed and the address did not. */
  listener: Listener
  private readonly server: Server
  private readonly slabs: SlabPool
  private readonly count: SocketCount
  /** Contexts come and go with their chains. */
  private readonly acceptors = new WeakMap<TlsContext, TlsAcceptor>()

  constructor(listener: Listener, slabs: SlabPool, count: SocketCount) {
    this.listener = listener
    this.slabs = slabs
    this.count = count
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      listener.dispatcher.run(onAccept, this, socket),
    )
  }

  /** Resolves with the port, or rejects with one clear line. */
  listen(address: SocketListenerAddress): Promise<number> {
    const { ip, port, reusePort, ipv4Compat } = address
    return new Promise((resolve, reject) => {
      // Later ones are of single accepts, such as too many open files, and nothing is lost by them.
      this.server.on('error', (error: NodeJS.ErrnoException) => reject(new Error(explainListenError(error, address))))
      this.server.listen({ host: ip, port, reusePort, ipv6Only: !ipv4Compat, backlog: 1024 }, () => {
        const bound = this.server.address()
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
      })
    })
  }

  /** Accepts nothing more; connections go on. */
  stop(): void {
    this.server.close()
  }

  /** @internal */
  accepted(socket: Socket): void {
    const { listener, count } = this
    const facts = socketFacts(socket, undefined)
    listener.stats.cxTotal.add(1)
    listener.stats.cxActive.add(1)
    count.openSockets++
    socket.once('close', () => {
      listener.stats.cxActive.add(-1)
      listener.stats.cxDestroy.add(1)
      count.openSockets--
    })
    socket.on('error', ignoreError)
    const pending = listener.applicableFilters(facts)
    if (pending.length === 0) this.peeked(socket, facts)
    else new SocketPeek(this, listener, socket, facts, pending).start()
  }

  /** Listener filters have seen what they need: the filter chain is chosen. */
  peeked(socket: Socket, facts: ConnectionFacts): void {
    const { listener } = this
    const chain = listener.config.chooseChain(facts)
    if (chain === undefined) {
      listener.reportNoChain(facts)
      socket.destroy()
      return
    }
    if (chain.config.tls !== undefined) {
      this.acceptorOf(chain.config.tls, chain).accept(socket)
      return
    }
    this.handOver(socket, facts, chain)
  }

  /** @internal */
  secured(socket: TLSSocket, tls: TlsFacts, chain: FilterChain): void {
    this.handOver(socket, socketFacts(socket, tls), chain)
  }

  private handOver(socket: Socket, facts: ConnectionFacts, chain: FilterChain): void {
    const { listener } = this
    const connection = new SocketConnection(socket, {
      dispatcher: listener.dispatcher,
      slabs: this.slabs,
      facts,
      copiesOnWrite: facts.tls !== undefined,
    })
    chain.accept(connection, listener.config.accessLoggers)
    if (connection.isOpen) connection.readFromEvents()
  }

  private acceptorOf(context: TlsContext, chain: FilterChain): TlsAcceptor {
    let acceptor = this.acceptors.get(context)
    if (acceptor === undefined) {
      acceptor = new TlsAcceptor(this, context, chain)
      this.acceptors.set(context, acceptor)
    }
    return acceptor
  }
}

/** Server-side handshakes for one TLS context. Node's tls.Server does not listen here: sockets are given to it. */
class TlsAcceptor {
  private readonly owner: SocketListener
  private readonly context: TlsContext
  private readonly chain: FilterChain
  private server: TlsServer | undefined = undefined
  private generation = -1

  constructor(owner: SocketListener, context: TlsContext, chain: FilterChain) {
    this.owner = owner
    this.context = context
    this.chain = chain
  }

  accept(socket: Socket): void {
    if (this.context.secrets === undefined) {
      socket.destroy()
      return
    }
    if (this.generation !== this.context.generation) this.server = this.createServer()
    this.server?.emit('connection', socket)
  }

  private createServer(): TlsServer {
    const { context, chain } = this
    const { settings, secrets } = context
    this.generation = context.generation
    const server = createTlsServer({
      allowHalfOpen: true,
      cert: secrets?.certificate?.certificateChain,
      key: secrets?.certificate?.privateKey,
      ca: secrets?.trustedCa,
      minVersion: settings.minVersion,
      maxVersion: settings.maxVersion,
      ciphers: settings.cipherSuites,
      ecdhCurve: settings.ecdhCurves,
      ALPNProtocols: settings.alpnProtocols.length > 0 ? [...settings.alpnProtocols] : undefined,
      requestCert: context.verifiesPeer || settings.requireClientCertificate,
      rejectUnauthorized: settings.requireClientCertificate && context.verifiesPeer,
      handshakeTimeout: chain.config.transportConnectTimeoutMs || DEFAULT_HANDSHAKE_TIMEOUT_MS,
    })
    const { dispatcher } = this.owner.listener
    server.on('secureConnection', (socket) => dispatcher.run(onSecured, this, socket))
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.countFailure(error, socket)
      socket.destroy()
    })
    return server
  }

  /** @internal */
  secured(socket: TLSSocket): void {
    const { stats } = this.owner.listener
    socket.on('error', ignoreError)
    const facts = tlsFacts(socket, this.context.localFacts, this.context.verifiesPeer)
    const isUntrusted = this.context.verifiesPeer && facts.peer !== undefined && !socket.authorized
    if (isUntrusted || (facts.peer === undefined && this.context.settings.requireClientCertificate)) {
      if (isUntrusted) stats.sslFailVerifyError.add(1)
      else stats.sslFailVerifyNoCert.add(1)
      socket.destroy()
      return
    }
    if (!this.context.acceptsPeer(facts.peer)) {
      stats.sslFailVerifySan.add(1)
      socket.destroy()
      return
    }
    stats.sslHandshake.add(1)
    this.owner.secured(socket, facts, this.chain)
  }

  private countFailure(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const { stats } = this.owner.listener
    stats.sslConnectionError.add(1)
    // Null unless a certificate came, and was refused by `rejectUnauthorized`.
    if (socket.authorizationError) stats.sslFailVerifyError.add(1)
    else if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') stats.sslFailVerifyNoCert.add(1)
  }
}

function socketFacts(socket: Socket, tls: TlsFacts | undefined): ConnectionFacts {
  return newConnectionFacts({
    local: socketAddress(socket.localAddress ?? '', socket.localPort ?? 0),
    remote: socketAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    tls,
  })
}

function explainListenError(error: NodeJS.ErrnoException, { ip, port }: SocketListenerAddress): string {
  if (error.code === 'EADDRINUSE') return `cannot listen on ${ip}:${port}: the port is taken by another process`
  if (error.code === 'EACCES')
    return `cannot listen on ${ip}:${port}: ports below 1024 need the NET_BIND_SERVICE capability`
  if (error.code === 'EADDRNOTAVAIL') return `cannot listen on ${ip}:${port}: this machine does not have that address`
  return `cannot listen on ${ip}:${port}: ${error.message}`
}

function onAccept(listener: SocketListener, socket: Socket): void {
  listener.accepted(socket)
}

function onSecured(acceptor: TlsAcceptor, socket: TLSSocket): void {
  acceptor.secured(socket)
}

function ignoreError(): void {}
