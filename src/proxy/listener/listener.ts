// A listener at work, whatever its connections arrive on: runs listener filters, finds the chain, hands over.

import { Timer } from '../../lib/timer-wheel.ts'
import type { Connection, ConnectionHandler } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { AccessLogger } from '../http/access-logger.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { StreamInfo } from '../stream/stream-info.ts'
import type { FilterChain } from './filter-chain.ts'
import type { ListenerFilter } from './listener-filter.ts'
import type { ListenerStats } from './listener-stats.ts'

/** Times in milliseconds; 0: never. */
export interface ListenerConfig {
  readonly name: string
  readonly filters: readonly ListenerFilter[]
  readonly filtersTimeoutMs: number
  readonly continueOnFiltersTimeout: boolean
  readonly bufferLimitBytes: number
  readonly accessLoggers: readonly AccessLogger[]
  readonly chains: readonly FilterChain[]
  /** From facts to a chain; undefined: none fits. */
  chooseChain(facts: ConnectionFacts): FilterChain | undefined
}

/** A connection that takes back what was only looked at. */
export interface InspectableConnection extends Connection {
  /** Delivers `chunk`, and after it the end when it was `ended`, to whoever handles the connection then. */
  pushBack(chunk: Buffer, ended: boolean): void
}

export class Listener {
  config: ListenerConfig
  readonly stats: ListenerStats
  readonly dispatcher: Dispatcher

  constructor(config: ListenerConfig, stats: ListenerStats, dispatcher: Dispatcher) {
    this.config = config
    this.stats = stats
    this.dispatcher = dispatcher
  }

  get name(): string {
    return this.config.name
  }

  /** A connection whose bytes are not encrypted for us (any more): inspect, match, hand over. */
  accept(connection: InspectableConnection): void {
    const pending = this.applicableFilters(connection.facts)
    if (pending.length === 0) this.handOver(connection)
    else new Inspection(this, connection, pending).start()
  }

  /** The filters that a connection has to pass; those that need no bytes have run when this returns. */
  applicableFilters(facts: ConnectionFacts): ListenerFilter[] {
    const pending: ListenerFilter[] = []
    for (const filter of this.config.filters) {
      if (!filter.appliesTo(facts)) continue
      if (filter.maxBytes === 0) filter.inspect(NO_BYTES, facts)
      else pending.push(filter)
    }
    return pending
  }

  /** @internal */
  handOver(connection: Connection): void {
    const chain = this.config.chooseChain(connection.facts)
    if (chain === undefined) this.noChain(connection)
    else chain.accept(connection, this.config.accessLoggers)
  }

  /** Closes a connection that no chain takes, and says so. */
  noChain(connection: Connection): void {
    const { facts } = connection
    this.reportNoChain(facts)
    connection.reset('filter_chain_not_found')
  }

  reportNoChain(facts: ConnectionFacts): void {
    this.stats.noFilterChainMatch.add(1)
    const info = new StreamInfo(facts, Date.now(), this.dispatcher.nowMs, undefined, facts.filterState)
    info.setResponseFlag('NR')
    info.responseCodeDetails = 'filter_chain_not_found'
    info.requestCompleteMs = this.dispatcher.nowMs
    for (const logger of this.config.accessLoggers) logger.log(info)
  }

  drain(deadlineMs: number): void {
    for (const chain of this.config.chains) chain.drainGroup.drain(deadlineMs)
  }
}

/** Collects a connection's first bytes until every listener filter has made up its mind. */
class Inspection implements ConnectionHandler {
  private readonly listener: Listener
  private readonly connection: InspectableConnection
  private readonly pending: ListenerFilter[]
  private readonly timer: Timer<Inspection>
  private bytes: Buffer = NO_BYTES
  private ended = false

  constructor(listener: Listener, connection: InspectableConnection, pending: ListenerFilter[]) {
    this.listener = listener
    this.connection = connection
    this.pending = pending
    this.timer = new Timer<Inspection>(onTimeout, this)
  }

  start(): void {
    this.connection.handler = this
    const { filtersTimeoutMs } = this.listener.config
    if (filtersTimeoutMs > 0) this.listener.dispatcher.timers.schedule(this.timer, filtersTimeoutMs)
  }

  onData(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.bytes, chunk])
    while (this.pending.length > 0) {
      if (!this.pending[0].inspect(this.bytes, this.connection.facts)) return
      this.pending.shift()
    }
    this.finish()
  }

  /** No more bytes will come: what is there has to do. */
  onEnd(): void {
    this.ended = true
    this.finish()
  }

  onWritable(): void {}

  onClose(): void {
    this.listener.dispatcher.timers.cancel(this.timer)
  }

  /** @internal */
  timedOut(): void {
    this.listener.stats.preCxTimeout.add(1)
    if (this.listener.config.continueOnFiltersTimeout) this.finish()
    else this.connection.reset('listener filter timeout')
  }

  private finish(): void {
    this.listener.dispatcher.timers.cancel(this.timer)
    this.pending.length = 0
    this.listener.handOver(this.connection)
    // Not straight to the handler, which may have paused the connection until it knows where to send what it reads.
    this.connection.pushBack(this.bytes, this.ended)
  }
}

function onTimeout(inspection: Inspection): void {
  inspection.timedOut()
}

const NO_BYTES = Buffer.alloc(0)
