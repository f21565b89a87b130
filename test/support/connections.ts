// Connections in memory for tests of what works on connections: a pair, its events written down, and a clock that is moved by hand.

import type { CloseEvent, Connection, ConnectionHandler } from '../../src/proxy/connection/connection.ts'
import { Dispatcher } from '../../src/proxy/connection/dispatcher.ts'
import { InternalConnection } from '../../src/proxy/connection/internal-connection.ts'
import { internalAddress } from '../../src/proxy/stream/address.ts'
import { newConnectionFacts } from '../../src/proxy/stream/new-connection-facts.ts'
import type { StatsStore } from '../../src/proxy/stream/stats.ts'

const clocks = new WeakMap<Dispatcher, { nowMs: number }>()

/** A dispatcher whose defects fail the test, and whose time passes by `pass` only. */
export function testDispatcher(): Dispatcher {
  const clock = { nowMs: 1000 }
  const dispatcher = new Dispatcher(
    (error) => {
      throw error
    },
    () => clock.nowMs,
  )
  // No timer of the runtime: `pass` advances.
  dispatcher.stop()
  clocks.set(dispatcher, clock)
  return dispatcher
}

/** Runs `action` as an event of the loop, and everything that it defers. */
export function run(dispatcher: Dispatcher, action: () => void): void {
  dispatcher.run(action, undefined, undefined)
}

/** Lets `durationMs` pass on the dispatcher's clock. */
export function pass(dispatcher: Dispatcher, durationMs: number): void {
  const clock = clocks.get(dispatcher)
  if (clock === undefined) throw new Error('not made by testDispatcher')
  clock.nowMs += durationMs
  run(dispatcher, () => dispatcher.timers.advance())
}

export function testPair(
  dispatcher: Dispatcher,
  highWatermarkBytes = 64 * 1024,
): [InternalConnection, InternalConnection] {
  const end = (name: string): ReturnType<typeof newConnectionFacts> =>
    newConnectionFacts({ local: internalAddress(name, ''), remote: internalAddress('other', '') })
  return InternalConnection.pair(dispatcher, end('near'), end('far'), highWatermarkBytes)
}

/** Writes down what a connection reports: bytes as text, `<end>`, `<writable>`, `<closed: event reason>`. */
export class EventRecorder implements ConnectionHandler {
  text = ''

  static on(connection: Connection): EventRecorder {
    const recorder = new EventRecorder()
    connection.handler = recorder
    return recorder
  }

  onData(chunk: Buffer): void {
    this.text += chunk.toString('latin1')
  }

  onEnd(): void {
    this.text += '<end>'
  }

  onWritable(): void {
    this.text += '<writable>'
  }

  onClose(event: CloseEvent, reason: string): void {
    this.text += `<closed: ${reason === '' ? event : `${event} ${reason}`}>`
  }
}

const NOWHERE = { add(): void {}, set(): void {}, record(): void {} }

/** Statistics that nobody reads. */
export const NO_STATS: StatsStore = { counter: () => NOWHERE, gauge: () => NOWHERE, histogram: () => NOWHERE }
