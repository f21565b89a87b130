// Makes the record of a new connection; ids count up per worker.

import type { Address, ConnectionFacts, TlsFacts } from './connection-facts.ts'
import { FilterState } from './filter-state.ts'
import type { FilterStateEntry } from './filter-state.ts'
import { NO_METADATA } from './metadata.ts'
import type { Metadata } from './metadata.ts'

export interface NewConnection {
  local: Address
  remote: Address
  tls?: TlsFacts | undefined
  metadata?: Metadata
  filterState?: readonly FilterStateEntry[]
}

let lastId = 0

export function newConnectionFacts(connection: NewConnection): ConnectionFacts {
  const { tls } = connection
  const filterState = new FilterState()
  for (const entry of connection.filterState ?? []) filterState.entries.push(entry)
  return {
    id: ++lastId,
    localAddress: connection.local,
    remoteAddress: connection.remote,
    directLocalAddress: connection.local,
    directRemoteAddress: connection.remote,
    tls,
    requestedServerName: tls?.sni ?? '',
    applicationProtocols: tls === undefined || tls.alpn === '' ? NONE : [tls.alpn],
    transportProtocol: tls === undefined ? 'raw_buffer' : 'tls',
    filterState,
    metadata: connection.metadata ?? NO_METADATA,
    filterChainName: '',
    terminationDetails: '',
  }
}

const NONE: readonly string[] = []
