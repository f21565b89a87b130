import { describe, expect, test } from '@jest/globals'
import { pass, testDispatcher } from '../../../test/support/connections.ts'
import { RequestHeaderMap } from '../../codec/header-map.ts'
import { socketAddress } from '../stream/address.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import { newConnectionFacts } from '../stream/new-connection-facts.ts'
import type { OriginalDstConfig } from './cluster-config.ts'
import type { LoadBalancerContext } from './load-balancer.ts'
import { OriginalDstHosts } from './original-dst.ts'

const FILTER_STATE = 'envoy.network.transport_socket.original_dst_address'

const CONFIG: OriginalDstConfig = {
  portOverride: 0,
  metadataNamespace: 'tunnel',
  metadataPath: ['destination'],
  headerName: 'x-envoy-original-dst-host',
  cleanupIntervalMs: 5000,
}

interface Where {
  restored?: string
  header?: string
  metadata?: string
  filterState?: string
}

function contextOf({ restored, header, metadata, filterState }: Where): LoadBalancerContext {
  const facts: ConnectionFacts = newConnectionFacts({
    local: socketAddress('127.0.0.1', 15001),
    remote: socketAddress('127.0.0.1', 40000),
    metadata: new Map(metadata === undefined ? [] : [['tunnel', { destination: metadata }]]),
  })
  const addressOf = (text: string): ReturnType<typeof socketAddress> => {
    const [ip = '', port] = text.split(':')
    return socketAddress(ip, Number(port))
  }
  if (restored !== undefined) facts.localAddress = addressOf(restored)
  if (filterState !== undefined) {
    const entry = {
      key: FILTER_STATE,
      value: filterState,
      lifeSpan: 'connection',
      sharing: 'none',
      readOnly: true,
    } as const
    facts.filterState.set(entry)
  }
  const requestHeaders = new RequestHeaderMap()
  if (header !== undefined) requestHeaders.set('x-envoy-original-dst-host', header)
  return {
    downstreamConnection: facts,
    requestHeaders,
    attemptedHosts: undefined,
    hash: undefined,
    metadataMatch: undefined,
    refusedChoices: 0,
  }
}

function open(config: Partial<OriginalDstConfig> = {}) {
  const dispatcher = testDispatcher()
  const hosts = new OriginalDstHosts({ ...CONFIG, ...config }, dispatcher)
  return {
    dispatcher,
    hosts,
    choose: (where: Where): string | undefined => hosts.chooseHost(contextOf(where))?.description.address.text,
  }
}

describe('where a connection goes', () => {
  test.each<[string, Where, string | undefined]>([
    [
      'filter state, before all others',
      { filterState: '10.0.0.1:1', metadata: '10.0.0.2:2', header: '10.0.0.3:3', restored: '10.0.0.4:4' },
      '10.0.0.1:1',
    ],
    [
      'metadata of the connection',
      { metadata: '10.0.0.2:2', header: '10.0.0.3:3', restored: '10.0.0.4:4' },
      '10.0.0.2:2',
    ],
    ['the request’s header', { header: '10.0.0.3:3', restored: '10.0.0.4:4' }, '10.0.0.3:3'],
    ['the restored address', { restored: '10.0.0.4:4' }, '10.0.0.4:4'],
    [
      'the next that can be read',
      { metadata: 'nonsense', header: 'example.com:80', restored: '10.0.0.4:4' },
      '10.0.0.4:4',
    ],
    ['nowhere, rather than back to itself', {}, undefined],
    ['nowhere without a port', { restored: '10.0.0.4:0' }, undefined],
  ])('is %s', (_name, where, expected) => {
    expect(open().choose(where)).toBe(expected)
  })

  test('has the port that the configuration says, if it says one', () => {
    expect(open({ portOverride: 15008 }).choose({ restored: '10.0.0.4:4' })).toBe('10.0.0.4:15008')
  })

  test('is not the header’s when the configuration does not want it', () => {
    expect(open({ headerName: '' }).choose({ header: '10.0.0.3:3', restored: '10.0.0.4:4' })).toBe('10.0.0.4:4')
  })
})

describe('hosts on demand', () => {
  test('are the same for the same address', () => {
    const { hosts } = open()
    const context = contextOf({ restored: '10.0.0.1:80' })
    expect(hosts.chooseHost(context)).toBe(hosts.chooseHost(contextOf({ header: '10.0.0.1:80' })))
  })

  test('are forgotten an interval after their last use, unless they have connections', () => {
    const { dispatcher, hosts, choose } = open()
    choose({ restored: '10.0.0.1:80' })
    const busy = hosts.chooseHost(contextOf({ restored: '10.0.0.2:80' }))
    if (busy === undefined) throw new Error('no host')
    busy.activeConnections = 1
    pass(dispatcher, 3000)
    choose({ restored: '10.0.0.3:80' })
    pass(dispatcher, 2100)
    expect([...hosts.hosts].map((host) => host.description.address.text)).toEqual(['10.0.0.2:80', '10.0.0.3:80'])
    busy.activeConnections = 0
    pass(dispatcher, 5100)
    expect([...hosts.hosts]).toEqual([])
    expect(busy.isRemoved).toBe(true)
  })
})
