import { describe, expect, test } from '@jest/globals'
import { create, toBinary } from '@bufbuild/protobuf'
import { packAny } from './any.ts'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from './generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { FilterChainSchema, FilterSchema } from './generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema, type Listener } from './generated/envoy/config/listener/v3/listener_pb.js'
import { RouteSchema } from './generated/envoy/config/route/v3/route_components_pb.js'
import { RouteConfigurationSchema } from './generated/envoy/config/route/v3/route_pb.js'
import { HttpConnectionManagerSchema } from './generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { SnapshotBuilder } from './snapshot-builder.ts'
import { emptySnapshot, type Snapshot } from './snapshot.ts'
import { applyPatch, diffSnapshots, type SnapshotPatch } from './snapshot.ts'
import { splitListener } from './split-listener.ts'

const chain = (name: string, statPrefix: string, line = 1) => {
  const route = create(RouteSchema, { metadata: { filterMetadata: { 'cairn.source': { line } } } })
  const hcm = create(HttpConnectionManagerSchema, {
    statPrefix,
    routeSpecifier: { case: 'routeConfig', value: { virtualHosts: [{ name: 'v', domains: ['*'], routes: [route] }] } },
  })
  const filter = create(FilterSchema, {
    name: 'hcm',
    configType: { case: 'typedConfig', value: packAny(HttpConnectionManagerSchema, hcm) },
  })
  return create(FilterChainSchema, { name, filters: [filter] })
}
const listener = (...chains: Listener['filterChains']) =>
  create(ListenerSchema, { name: 'main_internal', filterChains: chains })

function snapshot(
  version: string,
  add: (builder: SnapshotBuilder) => void,
  before: Snapshot = emptySnapshot,
): Snapshot {
  const builder = new SnapshotBuilder(before)
  add(builder)
  return builder.build(version)
}

const summary = (patch: SnapshotPatch) =>
  patch.operations.map((operation) =>
    operation.op === 'set'
      ? `set ${operation.entry.kind} ${operation.entry.name}`
      : `delete ${operation.kind} ${operation.name}`,
  )

const everything = (builder: SnapshotBuilder) => {
  builder.addMessage(RouteConfigurationSchema, create(RouteConfigurationSchema, { name: 'r' }))
  builder.addMessage(ListenerSchema, listener(chain('a', 'x'), chain('b', 'x')))
  builder.addMessage(ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName: 'c' }))
  builder.addMessage(ClusterSchema, create(ClusterSchema, { name: 'c' }))
  builder.addMessage(SecretSchema, create(SecretSchema, { name: 's' }))
}

describe('diffSnapshots', () => {
  test('sets in an order in which nothing refers to what is not there yet, and deletes in the reverse', () => {
    const full = snapshot('1', everything)
    expect(summary(diffSnapshots(emptySnapshot, full))).toEqual([
      'set secret s',
      'set cluster c',
      'set endpoints c',
      'set listener main_internal',
      'set filter-chain main_internal/a',
      'set filter-chain main_internal/b',
      'set routes r',
    ])
    expect(summary(diffSnapshots(full, emptySnapshot))).toEqual([
      'delete routes r',
      'delete filter-chain main_internal/a',
      'delete filter-chain main_internal/b',
      'delete listener main_internal',
      'delete endpoints c',
      'delete cluster c',
      'delete secret s',
    ])
  })

  test('one changed chain of a listener is one operation; a new one also changes the listener, which names it', () => {
    const before = snapshot('1', (b) => b.addMessage(ListenerSchema, listener(chain('a', 'x'), chain('b', 'x'))))
    const changed = snapshot(
      '2',
      (b) => b.addMessage(ListenerSchema, listener(chain('a', 'x'), chain('b', 'y'))),
      before,
    )
    expect(summary(diffSnapshots(before, changed))).toEqual(['set filter-chain main_internal/b'])
    const added = snapshot('3', (b) => b.addMessage(ListenerSchema, listener(chain('a', 'x'), chain('c', 'x'))), before)
    expect(summary(diffSnapshots(before, added))).toEqual([
      'set listener main_internal',
      'set filter-chain main_internal/c',
      'delete filter-chain main_internal/b',
    ])
  })

  test('where a thing came from is no change, at any depth; the newer bytes are kept all the same', () => {
    const before = snapshot('1', (b) => b.addMessage(ListenerSchema, listener(chain('a', 'x', 1))))
    const moved = snapshot('2', (b) => b.addMessage(ListenerSchema, listener(chain('a', 'x', 9))), before)
    expect(diffSnapshots(before, moved).operations).toEqual([])
    const key = 'filter-chain main_internal/a'
    expect(moved.entries.get(key)?.bytes).not.toEqual(before.entries.get(key)?.bytes)
    const unnamed = snapshot('3', (b) => {
      const cluster = create(ClusterSchema, {
        name: 'c',
        metadata: { filterMetadata: { 'cairn.source': { line: 1 } } },
      })
      b.addMessage(ClusterSchema, cluster)
    })
    const plain = snapshot('4', (b) => b.addMessage(ClusterSchema, create(ClusterSchema, { name: 'c' })))
    expect(diffSnapshots(unnamed, plain).operations).toEqual([])
  })

  test('the order of maps is no change, in structs too; other metadata is one', () => {
    const of = (fields: object) =>
      snapshot('1', (b) =>
        b.addMessage(
          ClusterSchema,
          create(ClusterSchema, { name: 'c', metadata: { filterMetadata: fields as never } }),
        ),
      )
    const first = of({ a: { x: { p: 1, q: [{ r: 1, s: 2 }] }, y: 2 }, b: {} })
    expect(diffSnapshots(first, of({ b: {}, a: { y: 2, x: { q: [{ s: 2, r: 1 }], p: 1 } } })).operations).toEqual([])
    expect(diffSnapshots(first, of({ b: {}, a: { y: 3, x: { q: [{ s: 2, r: 1 }], p: 1 } } })).operations.length).toBe(1)
  })

  test('a patch survives structured cloning, and applied to the old entries gives the new ones', () => {
    const before = snapshot('1', everything)
    const after = snapshot('2', (b) => {
      b.addMessage(ListenerSchema, listener(chain('b', 'z')))
      b.addMessage(ClusterSchema, create(ClusterSchema, { name: 'd' }))
    })
    const entries = new Map(before.entries)
    applyPatch(entries, structuredClone(diffSnapshots(before, after)))
    const hashes = (from: ReadonlyMap<string, { hash: string }>) =>
      [...from].map(([key, { hash }]) => `${key} ${hash}`).sort()
    expect(hashes(entries)).toEqual(hashes(after.entries))
  })
})

describe('SnapshotBuilder', () => {
  test('takes over an entry with the same bytes without decoding it', () => {
    const before = snapshot('1', everything)
    const again = snapshot('2', everything, before)
    for (const [key, entry] of again.entries) expect(entry).toBe(before.entries.get(key))
  })

  test('keeps chains apart that have no name, or the same, and listeners whose names have slashes', () => {
    const unnamed = listener(chain('', 'x'), chain('a', 'x'), chain('a', 'y'), chain('#4', 'x'), chain('', 'z'))
    unnamed.defaultFilterChain = chain('a', 'default')
    const { shell, chains } = splitListener(toBinary(ListenerSchema, unnamed))
    expect(chains.map((part) => part.key)).toEqual(['#0', 'a', '#2', '#4', '#4#', '#default'])
    expect(shell).toEqual(toBinary(ListenerSchema, create(ListenerSchema, { name: 'main_internal' })))
    const slashes = snapshot('1', (b) => {
      b.addMessage(ListenerSchema, create(ListenerSchema, { name: 'a/b', filterChains: [chain('c', 'x')] }))
      b.addMessage(ListenerSchema, create(ListenerSchema, { name: 'a', filterChains: [chain('b/c', 'x')] }))
    })
    expect(slashes.entries.size).toBe(4)
  })

  test('refuses two of one name, and what is no resource', () => {
    const twice = (b: SnapshotBuilder) => {
      b.addMessage(ClusterSchema, create(ClusterSchema, { name: 'c' }))
      b.addMessage(ClusterSchema, create(ClusterSchema, { name: 'c' }))
    }
    expect(() => snapshot('1', twice)).toThrow('two of cluster c')
    expect(() => snapshot('1', (b) => b.addMessage(RouteSchema, create(RouteSchema)))).toThrow('not a resource')
  })
})
