import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { pass, testDispatcher } from '../../../test/support/connections.ts'
import type { Dispatcher } from '../connection/dispatcher.ts'
import { socketAddress } from '../stream/address.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import type { StatsStore } from '../stream/stats.ts'
import { Listener } from './listener.ts'
import type { ListenerFilter } from './listener-filter.ts'
import { listenerStats } from './listener-stats.ts'
import { SocketPeek } from './socket-peek.ts'

let dispatcher: Dispatcher
let socket: Duplex
let timeouts: number
let peeked: Duplex[]

beforeEach(() => {
  dispatcher = testDispatcher()
  socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  timeouts = 0
  peeked = []
})
afterEach(() => void socket.destroy())

/** Knows what it wants to know after `bytes` bytes. */
function filterOf(bytes: number, seen: string[] = []): ListenerFilter {
  return {
    maxBytes: bytes,
    appliesTo: () => true,
    inspect: (received) => {
      seen.push(received.toString())
      return received.length >= bytes
    },
  }
}

function peek(filters: ListenerFilter[], { filtersTimeoutMs = 1000, continueOnFiltersTimeout = false } = {}): void {
  const stat = { add: () => {}, set: () => {}, record: () => {} }
  const store: StatsStore = {
    counter: (name) => (name.endsWith('pre_cx_timeout') ? { add: (count) => void (timeouts += count) } : stat),
    gauge: () => stat,
    histogram: () => stat,
  }
  const config = { name: 'test', filters, filtersTimeoutMs, continueOnFiltersTimeout, bufferLimitBytes: 0, accessLoggers: [], chains: [], chooseChain: () => undefined } // prettier-ignore
  const listener = new Listener(config, listenerStats(store, 'test'), dispatcher)
  const facts = newConnectionFacts({ local: socketAddress('127.0.0.1', 1), remote: socketAddress('127.0.0.1', 2) })
  new SocketPeek({ peeked: (taken) => peeked.push(taken) }, listener, socket as Socket, facts, [...filters]).start()
}

/** Bytes arrive, and everything that this sets off has happened. */
async function receive(text: string | null): Promise<void> {
  socket.push(text === null ? null : Buffer.from(text))
  await new Promise((resolve) => setImmediate(resolve))
}

describe('the first bytes of a socket', () => {
  test('are shown to one filter after the other, as far as they came, and all put back', async () => {
    const first: string[] = []
    const second: string[] = []
    peek([filterOf(2, first), filterOf(4, second)])
    await receive('a')
    await receive('bc')
    expect([first, second, peeked]).toEqual([['a', 'abc'], ['abc'], []])
    await receive('de')
    expect([first, second, peeked.length]).toEqual([['a', 'abc'], ['abc', 'abcde'], 1])
    expect(String(socket.read())).toBe('abcde')
  })

  test('end the connection when the client sends no more before the filters can tell', async () => {
    peek([filterOf(10)])
    await receive('ab')
    await receive(null)
    expect([peeked.length, socket.destroyed, timeouts]).toEqual([0, true, 0])
  })

  test('are handed on when the filters have made up their minds, even if the client ends at once', async () => {
    peek([filterOf(2)])
    socket.push('ab')
    await receive(null)
    expect([peeked.length, String(socket.read())]).toEqual([1, 'ab'])
    socket.resume()
    await once(socket, 'end')
  })

  test('are waited for until the time-out of the listener, which ends the connection and is counted', async () => {
    peek([filterOf(10)])
    pass(dispatcher, 999)
    expect([socket.destroyed, timeouts]).toEqual([false, 0])
    pass(dispatcher, 5)
    expect([socket.destroyed, timeouts, peeked]).toEqual([true, 1, []])
  })

  test('are done without after the time-out where the configuration says so', async () => {
    peek([filterOf(10)], { continueOnFiltersTimeout: true })
    await receive('ab')
    pass(dispatcher, 1004)
    await new Promise((resolve) => setImmediate(resolve))
    expect([socket.destroyed, timeouts, peeked.length]).toEqual([false, 1, 1])
    expect(String(socket.read())).toBe('ab')
  })

  test('are waited for without end when there is no time-out', () => {
    peek([filterOf(10)], { filtersTimeoutMs: 0 })
    pass(dispatcher, 10 ** 9)
    expect([socket.destroyed, timeouts, peeked]).toEqual([false, 0, []])
  })

  test('leave no deadline behind on a socket that closed meanwhile', async () => {
    peek([filterOf(10)])
    socket.destroy()
    await once(socket, 'close')
    pass(dispatcher, 5000)
    expect([timeouts, peeked]).toEqual([0, []])
  })
})
