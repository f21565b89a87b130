import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { EventRecorder, NO_STATS, run, testDispatcher, testPair } from '../../../test/support/connections.ts'
import { HttpInspectorSchema } from '../../envoy/generated/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js'
import type { AccessLogger } from '../http/access-logger.ts'
import type { NetworkFilter } from '../network/network-filter.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { FilterChain } from './filter-chain.ts'
import { httpInspector } from './http-inspector.ts'
import { Listener } from './listener.ts'
import { listenerStats } from './listener-stats.ts'

const DETAILS = 'rbac_access_denied_matched_policy[none]'

class Logs implements AccessLogger {
  readonly details: string[] = []

  log(info: StreamInfo): void {
    this.details.push(info.connectionTerminationDetails)
  }
}

/** A listener with one chain: a gate in front of a filter that writes down what it gets. */
function listen({ allows = false, sniffs = false }) {
  const dispatcher = testDispatcher()
  const logs = { listener: new Logs(), terminal: new Logs() }
  const accepted: EventRecorder[] = []
  const gate: NetworkFilter = {
    kind: 'gate',
    admit(connection) {
      if (!allows) connection.facts.terminationDetails = DETAILS
      return allows
    },
  }
  const terminal: NetworkFilter = {
    kind: 'terminal',
    accessLoggers: [logs.terminal],
    accept: (connection) => void accepted.push(EventRecorder.on(connection)),
  }
  const settings = { name: 'tcp', tls: undefined, connectionKey: '', transportConnectTimeoutMs: 0 }
  const chain = new FilterChain({ ...settings, filters: [gate, terminal] }, dispatcher)
  const inspector = { appliesTo: () => true, ...httpInspector.compile(create(HttpInspectorSchema)) }
  const config = {
    name: 'main_internal',
    filters: sniffs ? [inspector] : [],
    filtersTimeoutMs: 0,
    continueOnFiltersTimeout: false,
    bufferLimitBytes: 65_536,
    accessLoggers: [logs.listener],
    chains: [chain],
    chooseChain: () => chain,
  }
  const listener = new Listener(config, listenerStats(NO_STATS, 'test'), dispatcher)
  const [client, served] = testPair(dispatcher)
  return { dispatcher, listener, client, served, atClient: EventRecorder.on(client), accepted, logs }
}

describe('a filter chain whose gate refuses the connection', () => {
  test.each([
    ['at once', false],
    ['after a listener filter has looked at the first bytes', true],
  ])('lets no byte through, %s', (_when, sniffs) => {
    const { dispatcher, listener, client, served, atClient, accepted } = listen({ sniffs })
    run(dispatcher, () => {
      listener.accept(served)
      client.write(Buffer.from('\x00 first'))
      client.write(Buffer.from(' second'))
    })
    run(dispatcher, () => client.write(Buffer.from(' third')))
    expect(accepted).toEqual([])
    expect(atClient.text).toBe(`<closed: remote ${DETAILS}>`)
  })

  test('tells the loggers of the listener and of the last filter, once', () => {
    const { dispatcher, listener, client, served, logs } = listen({ sniffs: true })
    run(dispatcher, () => {
      listener.accept(served)
      client.write(Buffer.from('\x00 first'))
    })
    expect(logs.listener.details).toEqual([DETAILS])
    expect(logs.terminal.details).toEqual([DETAILS])
  })

  test('closes it only after whoever dialled has it, so that its CONNECT is answered', () => {
    const { dispatcher, listener, served, client } = listen({})
    run(dispatcher, () => {
      listener.accept(served)
      expect(client.isOpen).toBe(true)
    })
    expect(client.isOpen).toBe(false)
  })
})

test('a filter chain whose gate admits the connection passes it on with all bytes', () => {
  const { dispatcher, listener, client, served, accepted, logs } = listen({ allows: true, sniffs: true })
  run(dispatcher, () => {
    listener.accept(served)
    client.write(Buffer.from('\x00 first'))
    client.write(Buffer.from(' second'))
  })
  expect(accepted.map(({ text }) => text)).toEqual(['\x00 first second'])
  expect(logs.terminal.details).toEqual([])
})
