import { describe, expect, test } from '@jest/globals'
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { registry } from '../generated/descriptors.js'
import { extensionPoints } from './extension-points.ts'
import { fieldTables } from './tables.ts'

const ROOTS = [
  'envoy.config.bootstrap.v3.Bootstrap',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
]

/** Types that come in a TypedStruct only: Envoy's API has no descriptor of them. */
const WITHOUT_DESCRIPTOR = ['envoy.tcp.metadataexchange.config.MetadataExchange', 'io.istio.http.peer_metadata.Config']

function described(typeName: string): DescMessage {
  const desc = registry.getMessage(typeName)
  if (desc === undefined) throw new Error(`no descriptor of ${typeName}`)
  return desc
}

/** Every message that a configuration can contain without a refusal. */
function reachable(): Set<string> {
  const listed = Object.values(extensionPoints).flatMap((category) =>
    Object.entries(category).filter(
      ([name, { kind }]) => kind === 'implemented' || (kind === 'no-effect' && fieldTables.has(name)),
    ),
  )
  const found = new Set<string>()
  const queue = [...ROOTS, ...listed.map(([name]) => name)]
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name) || name.startsWith('google.protobuf.')) continue
    found.add(name)
    for (const field of described(name).fields) {
      const status = fieldTables.get(name)?.[field.name]
      const descends = status?.kind === 'implemented' || status?.kind === 'extension-point'
      if (descends && field.message !== undefined) queue.push(field.message.typeName)
    }
  }
  return found
}

describe('the support tables', () => {
  test('every message that a configuration can contain has a table, and no table is for another', () => {
    expect([...fieldTables.keys()].sort()).toEqual([...reachable()].sort())
  })

  test.each([...fieldTables.keys()])('%s: each field of the descriptor has its status, and no other', (typeName) => {
    const names = described(typeName).fields.map((field) => field.name)
    expect(Object.keys(fieldTables.get(typeName) ?? {}).sort()).toEqual(names.sort())
  })

  test('each value of an enum that is executed has its status', () => {
    for (const [typeName, table] of fieldTables) {
      for (const field of described(typeName).fields) checkEnum(field, table[field.name])
    }
  })

  function checkEnum(field: DescField, status: unknown): void {
    const given = status as { kind: string; values?: object }
    const known = field.enum?.values.map((value) => value.name).sort()
    const where = field.toString()
    if (given.kind === 'values') expect([where, Object.keys(given.values ?? {}).sort()]).toEqual([where, known])
    else if (given.kind === 'implemented') expect([where, field.enum?.typeName]).toEqual([where, undefined])
  }

  test('an extension point is a field that holds an Any, and its category is known', () => {
    for (const [typeName, table] of fieldTables) {
      for (const field of described(typeName).fields) {
        const status = table[field.name]
        if (status.kind !== 'extension-point' && status.kind !== 'content') {
          // An Any that is walked into without a category could hold anything.
          if (status.kind === 'implemented') expect(field.message?.typeName).not.toBe('google.protobuf.Any')
          continue
        }
        if (status.kind === 'content') {
          expect([field.fieldKind, field.message?.typeName]).toEqual(['message', 'google.protobuf.Any'])
          continue
        }
        expect(Object.keys(extensionPoints)).toContain(status.category)
        const holdsAny = field.message?.typeName === 'google.protobuf.Any'
        const holdsContent = fieldTables.get(field.message?.typeName ?? '')?.typed_config?.kind === 'content'
        expect([field.toString(), holdsAny || holdsContent]).toEqual([field.toString(), true])
      }
    }
  })

  test('every type of an extension point has a descriptor, so that it is read strictly', () => {
    const unknown = Object.values(extensionPoints)
      .flatMap((category) => Object.keys(category))
      .filter((name) => registry.getMessage(name) === undefined)
    expect([...new Set(unknown)].sort()).toEqual(WITHOUT_DESCRIPTOR)
  })

  test('every refusal and every absence of effect says why', () => {
    for (const [typeName, table] of fieldTables) {
      for (const [name, status] of Object.entries(table)) {
        if ('reason' in status) expect([typeName, name, status.reason.length >= 3]).toEqual([typeName, name, true])
      }
    }
  })
})
