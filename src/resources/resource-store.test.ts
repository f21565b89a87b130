import { describe, expect, test } from '@jest/globals'
import { parseObjects } from './parse-objects.ts'
import { RecordingReader, ResourceStore } from './resource-store.ts'

const service = (name: string, extra = '') =>
  parseObjects(
    `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: demo${extra}}\nspec: {clusterIP: None}\n`,
    'a.yaml',
  ).objects[0]
const slice = (name: string, of: string) =>
  parseObjects(
    `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: ${name}, namespace: demo, labels: {kubernetes.io/service-name: ${of}}}\naddressType: IPv4\n`,
    'a.yaml',
  ).objects[0]

describe('a store', () => {
  test('finds objects by name, by namespace and through the objects that belong to a Service', () => {
    const [a, one, two] = [service('a'), slice('a-1', 'a'), slice('b-1', 'b')]
    const store = ResourceStore.of([a, two, one])
    expect(store.get('Service', 'demo', 'a')).toBe(a)
    expect(store.get('Service', 'other', 'a')).toBeUndefined()
    expect(store.list('Service', 'demo')).toEqual([a])
    expect(store.list('Service', 'other')).toEqual([])
    expect(store.endpointSlicesOf('demo', 'a')).toEqual([one])
  })

  test('lists by age first, then by name', () => {
    const young = service('a', ', creationTimestamp: "2026-02-01T00:00:00Z"')
    const old = service('z', ', creationTimestamp: "2026-01-01T00:00:00Z"')
    const names = ResourceStore.of([young, service('m'), old, service('b')])
      .list('Service')
      .map((one) => one.metadata.name)
    expect(names).toEqual(['b', 'm', 'z', 'a'])
  })

  test('is itself again when nothing changed, and counts versions when something did', () => {
    const [a, b] = [service('a'), service('b')]
    const store = ResourceStore.of([a, b])
    expect(store.replace([b, a])).toBe(store)
    expect(store.replace([a]).version).toBe(store.version + 1)
    expect(store.list('Service')).toHaveLength(2)
  })
})

describe('changes between two stores', () => {
  const before = ResourceStore.of([service('a'), service('b'), slice('a-1', 'a')])
  const reads = (ask: (reader: RecordingReader) => unknown) => {
    const reader = new RecordingReader(before)
    ask(reader)
    return [...reader.reads]
  }
  const objects = [...before.list('Service'), ...before.list('EndpointSlice')]
  const changed = (next: ResourceStore) => ResourceStore.changes(before, next)

  test('touch the reads that would be answered differently', () => {
    const moved = slice('a-1', 'b')
    const after = changed(before.replace([...before.list('Service'), moved]))
    for (const read of [
      ...reads((reader) => reader.endpointSlicesOf('demo', 'a')),
      ...reads((reader) => reader.endpointSlicesOf('demo', 'b')),
      ...reads((reader) => reader.list('EndpointSlice')),
      ...reads((reader) => reader.list('EndpointSlice', 'demo')),
      ...reads((reader) => reader.get('EndpointSlice', 'demo', 'a-1')),
    ]) {
      expect([read, after.has(read)]).toEqual([read, true])
    }
  })

  test('leave the others alone', () => {
    const after = changed(before.replace([...objects.slice(1), service('a', ', labels: {tier: web}')]))
    expect(reads((reader) => reader.get('Service', 'demo', 'a')).some((read) => after.has(read))).toBe(true)
    expect(reads((reader) => reader.get('Service', 'demo', 'b')).some((read) => after.has(read))).toBe(false)
    expect(reads((reader) => reader.endpointSlicesOf('demo', 'a')).some((read) => after.has(read))).toBe(false)
  })

  test('touch the read of an object that was not there', () => {
    const after = changed(before.replace([...objects, service('c')]))
    expect(reads((reader) => reader.get('Service', 'demo', 'c')).some((read) => after.has(read))).toBe(true)
  })
})
