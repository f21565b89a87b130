// A filter chain at work: judges a connection that was matched to it and hands it to the terminal network filter.

import type { Connection } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { DrainGroup } from '../connection/drain-group.ts'
import { NO_HANDLER } from '../connection/no-handler.ts'
import type { TlsContext } from '../connection/tls-context.ts'
import type { NetworkFilter } from '../network/network-filter.ts'
import { StreamInfo } from '../stream/stream-info.ts'
import type { AccessLogger } from '../http/access-logger.ts'
import type { HcmCell } from '../http/hcm-config.ts'

export interface FilterChainConfig {
  readonly name: string
  readonly tls: TlsContext | undefined
  readonly filters: readonly NetworkFilter[]
  /** Equal for chains whose connections need not be drained when one takes the other's place. */
  readonly connectionKey: string
  /** For the TLS handshake; 0: the default. */
  readonly transportConnectTimeoutMs: number
}

export class FilterChain {
  readonly name: string
  readonly config: FilterChainConfig
  readonly drainGroup: DrainGroup
  private readonly dispatcher: Dispatcher

  constructor(config: FilterChainConfig, dispatcher: Dispatcher) {
    this.name = config.name
    this.config = config
    this.dispatcher = dispatcher
    this.drainGroup = new DrainGroup(dispatcher)
  }

  /** The cell of the connection manager, when that is what takes the connections. */
  get cell(): HcmCell | undefined {
    const last = this.config.filters.at(-1)
    return last?.kind === 'terminal' ? last.cell : undefined
  }

  accept(connection: Connection, accessLoggers: readonly AccessLogger[]): void {
    const { facts } = connection
    facts.filterChainName = this.name
    const info = new StreamInfo(facts, Date.now(), this.dispatcher.nowMs, undefined, facts.filterState)
    for (const filter of this.config.filters) {
      if (filter.kind === 'terminal') {
        filter.accept(connection, info, this.drainGroup)
        return
      }
      if (filter.admit(connection, info)) continue
      info.connectionTerminationDetails = facts.terminationDetails
      info.requestCompleteMs = this.dispatcher.nowMs
      for (const logger of accessLoggers) logger.log(info)
      const last = this.config.filters.at(-1)
      if (last?.kind === 'terminal') for (const logger of last.accessLoggers) logger.log(info)
      // Whatever arrives until the end, what a listener filter looked at included, reaches nobody.
      connection.handler = NO_HANDLER
      // Not within the call of whoever dials: a connection that is refused was made, unlike one that no chain takes.
      this.dispatcher.defer(refuse, connection)
      return
    }
    connection.reset('filter chain without a terminal filter')
  }
}

function refuse(connection: Connection): void {
  connection.reset(connection.facts.terminationDetails)
}
