// What a network filter is. Those before the last one judge or prepare a new connection; the last one takes it over.

import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { Problems } from '../../lib/problems.ts'
import type { Random } from '../../lib/random.ts'
import type { ClusterSet } from '../cluster/cluster-set.ts'
import type { Connection } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import type { DrainGroup } from '../connection/drain-group.ts'
import type { AccessLogger } from '../http/access-logger.ts'
import type { HcmCompileDeps } from '../http/compile-connection-manager.ts'
import type { HcmCell } from '../http/hcm-config.ts'
import type { StatsStore } from '../stream/stats.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

/** What network filters get besides their configuration. */
export interface NetworkFilterDeps {
  readonly dispatcher: Dispatcher
  readonly clusters: ClusterSet
  readonly random: Random
  readonly stats: StatsStore
  /** For the connection manager, and access loggers for everyone. */
  readonly http: HcmCompileDeps
}

export interface GateFilter {
  readonly kind: 'gate'
  /** False: the connection is closed; the filter has set the termination details. */
  admit(connection: Connection, info: StreamInfo): boolean
}

export interface TerminalFilter {
  readonly kind: 'terminal'
  /** Of a connection manager: lets a changed configuration reach connections that are open already. */
  readonly cell?: HcmCell
  /** Told of connections that a gate before this filter refused, too; requests have loggers of their own. */
  readonly accessLoggers: readonly AccessLogger[]
  /** Takes the connection over: sets its handler and joins the drain group. */
  accept(connection: Connection, info: StreamInfo, drainGroup: DrainGroup): void
}

export type NetworkFilter = GateFilter | TerminalFilter

export interface NetworkFilterFactory<Config extends DescMessage = DescMessage> {
  readonly name: string
  readonly config: Config
  compile(config: MessageShape<Config>, deps: NetworkFilterDeps, problems: Problems): NetworkFilter
}
