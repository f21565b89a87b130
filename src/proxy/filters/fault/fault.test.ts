import type { JsonObject } from '@bufbuild/protobuf'
import { expect, test } from '@jest/globals'
import { ManagedConnection, OK_ROUTE } from '../../../../test/support/connection-managers.ts'
import type { ManagerOptions } from '../../../../test/support/connection-managers.ts'
import { CountingStats } from '../../../../test/support/counting-stats.ts'

const NAME = 'envoy.filters.http.fault'
const ALWAYS = { numerator: 100 }
const DELAY = { delay: { fixedDelay: '0.5s', percentage: ALWAYS } }
const ABORT = { abort: { httpStatus: 503, percentage: ALWAYS } }

function faulty(fields: JsonObject, more: ManagerOptions = {}): ManagedConnection {
  const filter = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...fields }
  return new ManagedConnection({ filters: { [NAME]: filter }, ...more })
}

test('an aborted request is answered and marked, and no later filter sees it', () => {
  const connection = faulty(ABORT)
  expect(connection.get()).toBe(
    'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 18\r\ncontent-type: text/plain\r\nserver: envoy\r\n\r\n' +
      'fault filter abort',
  )
  expect(connection.requests).toEqual([])
  expect(connection.logged[0].hasResponseFlag('FI')).toBe(true)
})

test('a delayed request goes on when its time has come', () => {
  const connection = faulty(DELAY)
  expect(connection.get()).toBe('')
  expect(connection.wait(400)).toBe('')
  expect(connection.requests).toEqual([])
  expect(connection.wait(200)).toContain('HTTP/1.1 200 OK')
  expect(connection.logged[0].hasResponseFlag('DI')).toBe(true)
})

test('a body that arrives during the delay goes on with its request', () => {
  const connection = faulty(DELAY)
  expect(connection.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody')).toBe('')
  expect(connection.wait(600)).toContain('HTTP/1.1 200 OK')
})

test('a request can be delayed and then aborted', () => {
  const connection = faulty({ ...DELAY, ...ABORT })
  expect(connection.get()).toBe('')
  expect(connection.wait(600)).toContain('HTTP/1.1 503')
})

test('about the share of requests that is configured is aborted', () => {
  const connection = faulty({
    abort: { httpStatus: 503, percentage: { numerator: 2500, denominator: 'TEN_THOUSAND' } },
  })
  let aborted = 0
  for (let i = 0; i < 1000; i++) if (connection.get().includes('503')) aborted++
  expect(aborted).toBeGreaterThan(200)
  expect(aborted).toBeLessThan(300)
})

test('faults beyond the limit are not injected until active ones end', () => {
  const stats = new CountingStats()
  const connection = faulty({ ...DELAY, maxActiveFaults: 1 }, { stats })
  connection.get()
  expect(stats.of('http.test.fault.')).toEqual({ delays_injected: 1, active_faults: 1 })
  connection.wait(600)
  expect(stats.of('http.test.fault.')).toEqual({ delays_injected: 1, active_faults: 0 })
  const none = faulty({ ...ABORT, maxActiveFaults: 0 }, { stats })
  expect(none.get()).toContain('200 OK')
  expect(stats.of('http.test.fault.').faults_overflow).toBe(1)
})

test('a fault leaves its metadata', () => {
  const connection = faulty({ ...ABORT, filterMetadata: { why: 'test' } })
  connection.get()
  expect(connection.logged[0].dynamicMetadata.get(NAME)).toEqual({ why: 'test' })
})

test('an empty filter acts only where a route configures it', () => {
  const own = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...ABORT }
  const aborted = {
    match: { path: '/aborted' },
    directResponse: { status: 200 },
    typedPerFilterConfig: { [NAME]: own },
  }
  const connection = faulty({}, { routes: [aborted, OK_ROUTE] })
  expect(connection.get('/aborted')).toContain('503')
  expect(connection.get('/other')).toContain('200 OK')
})
