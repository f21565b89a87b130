// The listeners inside this process: dialling one makes a pair of connections and accepts the far end within the call.

import type { InternalDial, InternalListeners } from '../cluster/dialer.ts'
import type { Connection } from '../connection/connection.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { InternalConnection } from '../connection/internal-connection.ts'
import { INTERNAL_CLIENT_ADDRESS, internalAddress } from '../stream/address.ts'
import type { FilterStateEntry } from '../stream/filter-state.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import type { Listener } from './listener.ts'

export class InternalListenerSet implements InternalListeners {
  private readonly byName = new Map<string, Listener>()
  private readonly dispatcher: Dispatcher

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher
  }

  put(listener: Listener): void {
    this.byName.set(listener.name, listener)
  }

  remove(name: string): void {
    this.byName.delete(name)
  }

  connect(dial: InternalDial): Connection | undefined {
    const listener = this.byName.get(dial.listener)
    if (listener === undefined) return undefined
    const target = internalAddress(dial.listener, dial.endpointId)
    const dialledFacts = newConnectionFacts({ local: INTERNAL_CLIENT_ADDRESS, remote: target })
    const acceptedFacts = newConnectionFacts({
      local: target,
      remote: INTERNAL_CLIENT_ADDRESS,
      metadata: dial.metadata,
      filterState: received(dial.filterState),
    })
    const { bufferLimitBytes } = listener.config
    const [near, far] = InternalConnection.pair(this.dispatcher, dialledFacts, acceptedFacts, bufferLimitBytes)
    listener.stats.cxTotal.add(1)
    listener.accept(far)
    return near
  }
}

/** `once` has had its one hop. */
function received(entries: readonly FilterStateEntry[]): FilterStateEntry[] {
  return entries.map((entry) => ({
    ...entry,
    lifeSpan: 'connection' as const,
    sharing: entry.sharing === 'transitive' ? ('transitive' as const) : ('none' as const),
  }))
}
