import { describe, expect, test } from '@jest/globals'
import { EventRecorder, NO_STATS, pass, run, testDispatcher, testPair } from '../../../test/support/connections.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { clusterStats } from '../cluster/cluster-stats.ts'
import type { DialCallbacks, Dialing } from '../cluster/dialer.ts'
import { Host } from '../cluster/host.ts'
import { DrainGroup } from '../connection/drain-group.ts'
import { socketAddress } from '../stream/address.ts'
import { NO_METADATA } from '../stream/metadata.ts'
import { StreamInfo } from '../stream/stream-info.ts'
import type { NetworkFilterDeps } from './network-filter.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { tcpProxyStats } from './tcp-proxy-config.ts'

const HOST = new Host({
  target: { kind: 'socket', ip: '10.0.0.1', port: 80 },
  address: socketAddress('10.0.0.1', 80),
  hostname: '',
  weight: 1,
  priority: 0,
  region: '',
  zone: '',
  subZone: '',
  localityWeight: 0,
  health: 'healthy',
  metadata: NO_METADATA,
})

interface Scene {
  readonly cluster?: 'present' | 'absent'
  readonly host?: Host | undefined
  readonly idleTimeoutMs?: number
  readonly maxDurationMs?: number
  readonly maxConnectAttempts?: number
}

/** A proxy between a client and a pod, each the other end of a connection in memory. */
function proxy(scene: Scene) {
  const { cluster = 'present', idleTimeoutMs = 0, maxDurationMs = 0, maxConnectAttempts = 1 } = scene
  const dispatcher = testDispatcher()
  const [client, served] = testPair(dispatcher)
  const [dialled, pod] = testPair(dispatcher)
  const atClient = EventRecorder.on(client)
  const atPod = EventRecorder.on(pod)
  const dials: DialCallbacks[] = []
  const logged: string[] = []
  const fakeCluster = {
    name: 'backend',
    stats: clusterStats(NO_STATS, 'backend'),
    breakers: { connections: { isFull: false } },
    chooseHost: () => ('host' in scene ? scene.host : HOST),
    dial(_host: Host, _filterState: unknown, callbacks: DialCallbacks): Dialing {
      dials.push(callbacks)
      return { cancel: () => undefined } as unknown as Dialing
    },
  } as unknown as Cluster
  const deps = {
    dispatcher,
    clusters: { get: () => (cluster === 'present' ? fakeCluster : undefined) },
    random: { below: () => 0 },
  } as unknown as NetworkFilterDeps
  const info = new StreamInfo(served.facts, 0, dispatcher.nowMs)
  const config = {
    chooseCluster: () => 'backend',
    tunneling: undefined,
    idleTimeoutMs,
    maxDurationMs,
    maxConnectAttempts,
    accessLoggers: [
      {
        log: (line: StreamInfo) =>
          void logged.push(
            `${line.responseFlags}|${line.bytesReceived}|${line.bytesSent}|${line.connectionTerminationDetails}`,
          ),
      },
    ],
    stats: tcpProxyStats(NO_STATS, 'test'),
  }
  run(dispatcher, () => new TcpProxy(served, info, config, deps, new DrainGroup(dispatcher)).start())
  const connect = (): void => run(dispatcher, () => dials.at(-1)?.onConnected(dialled))
  const refuse = (): void =>
    run(dispatcher, () => dials.at(-1)?.onConnectFailed('remote connection failure', 'refused'))
  const act = (action: () => void): void => run(dispatcher, action)
  return { dispatcher, client, pod, atClient, atPod, dials, logged, connect, refuse, act }
}

describe('tcp_proxy', () => {
  test('sends nothing of the client anywhere before the upstream is connected, and all of it then', () => {
    const { client, atPod, connect, act } = proxy({})
    act(() => client.write(Buffer.from('early ')))
    expect(atPod.text).toBe('')
    connect()
    act(() => client.write(Buffer.from('late')))
    expect(atPod.text).toBe('early late')
  })

  test('passes a half-close on, whichever side it comes from, and goes on in the other direction', () => {
    const { client, pod, atClient, atPod, connect, act, logged } = proxy({})
    connect()
    act(() => pod.end())
    expect(atClient.text).toBe('<end>')
    act(() => client.write(Buffer.from('still talking')))
    expect(atPod.text).toBe('still talking')
    act(() => client.end())
    expect(atPod.text).toBe('still talking<end><closed: remote>')
    expect(atClient.text).toBe('<end><closed: remote>')
    expect(logged).toEqual(['|13|0|'])
  })

  test('delivers all that a client sent which ended before a pod that takes it slowly', () => {
    const { client, pod, atPod, connect, act } = proxy({})
    connect()
    act(() => {
      pod.pauseRead()
      pod.end()
    })
    act(() => {
      client.write(Buffer.from('upload'))
      client.end()
    })
    act(() => pod.resumeRead())
    expect(atPod.text).toBe('upload<end><closed: remote>')
  })

  test('resets the client when the pod resets, and logs UR', () => {
    const { pod, atClient, connect, act, logged } = proxy({})
    connect()
    act(() => {
      pod.write(Buffer.from('part'))
      pod.reset('crashed')
    })
    expect(atClient.text).toBe('part<closed: remote crashed>')
    expect(logged).toEqual(['UR|0|4|'])
  })

  test('resets the pod when the client resets', () => {
    const { client, atPod, connect, act, logged } = proxy({})
    connect()
    act(() => client.reset('gone'))
    expect(atPod.text).toBe('<closed: remote downstream closed>')
    expect(logged).toEqual(['|0|0|'])
  })

  test('ends, and does not reset, a client that was idle for too long', () => {
    const { dispatcher, client, atClient, atPod, connect, act, logged } = proxy({ idleTimeoutMs: 5000 })
    connect()
    pass(dispatcher, 4000)
    act(() => client.write(Buffer.from('x')))
    pass(dispatcher, 4000)
    expect(client.isOpen).toBe(true)
    pass(dispatcher, 1100)
    expect(atClient.text).toBe('<end>')
    expect(atPod.text).toBe('x<closed: remote closed>')
    act(() => client.end())
    expect(atClient.text).toBe('<end><closed: remote>')
    expect(logged).toEqual(['|1|0|'])
  })

  test('ends a connection that lasted for too long, and logs DT', () => {
    const { dispatcher, atClient, connect, logged } = proxy({ maxDurationMs: 5000 })
    connect()
    pass(dispatcher, 5100)
    expect(atClient.text).toBe('<end>')
    expect(logged).toEqual(['DT|0|0|'])
  })

  test.each([
    ['NC without its cluster', { cluster: 'absent' } as const, 'NC|0|0|'],
    ['UH without a host', { host: undefined }, 'UH|0|0|'],
  ])('closes the client at once and logs %s', (_what, scene, line) => {
    const { client, logged } = proxy(scene)
    expect(client.isOpen).toBe(false)
    expect(logged).toEqual([line])
  })

  test('tries as often as it may before it gives up with UF,URX', () => {
    const { client, dials, logged, refuse } = proxy({ maxConnectAttempts: 2 })
    refuse()
    expect(dials.length).toBe(2)
    expect(client.isOpen).toBe(true)
    refuse()
    expect(client.isOpen).toBe(false)
    expect(logged).toEqual(['UF,URX|0|0|'])
  })
})
