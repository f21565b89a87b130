import { describe, expect, test } from '@jest/globals'
import { testConnection, testRequest, testStream } from '../../../test/support/streams.ts'
import { DynamicMetadata, metadataAt } from './metadata.ts'
import type { MetadataStruct } from './metadata.ts'
import { flagLongName, RESPONSE_FLAGS } from './response-flags.ts'
import { NO_UPSTREAM } from './upstream-info.ts'

describe('a stream', () => {
  test('keeps response flags in the order in which they were set, each once', () => {
    const info = testStream()
    expect(info.responseFlags).toBe('')
    expect(info.hasAnyResponseFlag()).toBe(false)
    for (const flag of ['URX', 'UF', 'URX'] as const) info.setResponseFlag(flag)
    expect(info.responseFlags).toBe('URX,UF')
    expect(info.hasResponseFlag('UF')).toBe(true)
    // UR is part of URX's name, but another flag.
    expect(info.hasResponseFlag('UR')).toBe(false)
  })

  test('has a bit for every one of Envoy’s 30 flags', () => {
    const info = testStream()
    expect(RESPONSE_FLAGS).toHaveLength(30)
    for (const flag of RESPONSE_FLAGS) {
      expect(info.hasResponseFlag(flag)).toBe(false)
      info.setResponseFlag(flag)
      expect(info.hasResponseFlag(flag)).toBe(true)
    }
    expect(info.responseFlags).toBe(RESPONSE_FLAGS.join(','))
    expect(new Set(RESPONSE_FLAGS.map(flagLongName)).size).toBe(30)
  })

  test('sees the connection’s filter state through its own, and keeps its own to itself', () => {
    const connection = testConnection()
    const entry = { lifeSpan: 'connection', sharing: 'none', readOnly: false } as const
    connection.filterState.set({ key: 'c', value: '1', ...entry })
    const one = testRequest({}, connection)
    const other = testRequest({}, connection)
    one.filterState.set({ key: 'r', value: '2', ...entry })
    expect([one.filterState.get('c'), one.filterState.get('r'), other.filterState.get('r')]).toEqual([
      '1',
      '2',
      undefined,
    ])
  })

  test('without an attempt has an upstream that cannot be written to', () => {
    expect(testStream().upstream).toBe(NO_UPSTREAM)
    expect(() => {
      testStream().upstream.connectionId = 1
    }).toThrow(TypeError)
  })
})

describe('dynamic metadata', () => {
  test('merges structs and replaces everything else', () => {
    const metadata = new DynamicMetadata()
    expect(metadata.get('ns')).toBeUndefined()
    metadata.merge('ns', { a: 1, deep: { x: 1, list: [1, 2] } })
    metadata.merge('ns', { b: 2, deep: { y: 2, list: [3] } })
    metadata.merge('other', { a: 'o' })
    expect(metadata.get('ns')).toEqual({ a: 1, b: 2, deep: { x: 1, y: 2, list: [3] } })
    expect([...metadata.all!.keys()]).toEqual(['ns', 'other'])
  })

  test('does not change what was given to it', () => {
    const given: MetadataStruct = { deep: { x: 1 } }
    const metadata = new DynamicMetadata()
    metadata.merge('ns', given)
    metadata.merge('ns', { deep: { y: 2 } })
    expect(given).toEqual({ deep: { x: 1 } })
  })

  test('takes an attacker’s keys for keys and nothing more', () => {
    const metadata = new DynamicMetadata()
    metadata.merge('ns', JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as MetadataStruct)
    metadata.merge('ns', JSON.parse('{"__proto__": {"more": true}}') as MetadataStruct)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(metadataAt(metadata.get('ns'), ['__proto__'])).toEqual({ polluted: true, more: true })
    expect(metadataAt(metadata.get('ns'), ['toString'])).toBeUndefined()
  })
})
