import { expect, test } from '@jest/globals'
import type { JsonObject } from '@bufbuild/protobuf'
import { CountingStats } from '../../../../test/support/counting-stats.ts'
import { fromJson } from '@bufbuild/protobuf'
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '../../../codec/header-map.ts'
import { registry } from '../../../envoy/generated/descriptors.js'
import { FilterConfigSchema } from '../../../envoy/generated/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js'
import { Problems } from '../../../lib/problems.ts'
import type { Exchange } from '../../http/exchange.ts'
import type { FilterDeps } from '../../http/filter.ts'
import { grpcStats } from './grpc-stats.ts'
import { MessageCounter } from './message-counter.ts'

const MESSAGE = Buffer.from('\0\0\0\0\x03abc')

interface Call {
  path?: string
  status?: string
  isGrpc?: boolean
  isTrailersOnly?: boolean
}

/** Takes calls through the filter and returns what was counted for the cluster `c`. */
function count(config: JsonObject, ...calls: Call[]): Record<string, number> {
  const stats = new CountingStats()
  const deps = { stats, statPrefix: 'p' } as unknown as FilterDeps
  const filter = grpcStats.compile(fromJson(FilterConfigSchema, config, { registry }), deps, new Problems())
  for (const call of calls) {
    const exchange = { isGrpc: call.isGrpc ?? true, cluster: { name: 'c' }, slots: [], route: () => undefined }
    const on = exchange as unknown as Exchange
    const headers = new RequestHeaderMap()
    headers.path = call.path ?? '/pkg.Service/Call'
    void filter.onRequest?.(on, headers, false, undefined, 0)
    filter.onRequestData?.(on, MESSAGE, true, undefined, 0)
    const ending = call.status === undefined ? [] : ['grpc-status', call.status]
    if (call.isTrailersOnly === true) {
      filter.onResponse?.(on, new ResponseHeaderMap(ending), true, undefined, 0)
    } else {
      filter.onResponse?.(on, new ResponseHeaderMap(), false, undefined, 0)
      filter.onResponseData?.(on, Buffer.concat([MESSAGE, MESSAGE]), false, undefined, 0)
      filter.onResponseTrailers?.(on, new HeaderMap(ending), undefined, 0)
    }
    filter.onEnd?.(on, undefined, 0)
  }
  return stats.of('cluster.c.grpc.')
}

test('calls are counted by status, with their messages', () => {
  expect(count({}, { status: '0' }, { status: '14' }, { status: '7', isTrailersOnly: true })).toEqual({
    '0': 1,
    '14': 1,
    '7': 1,
    success: 1,
    failure: 2,
    total: 3,
    request_message_count: 3,
    response_message_count: 4,
  })
})

test('statuses that gRPC does not know make no name of their own', () => {
  expect(count({}, { status: '99' }, { status: 'x' })).toMatchObject({ '2': 2, failure: 2 })
})

test('a call that ends without a status and requests that are no calls are not counted', () => {
  expect(count({}, {})).toEqual({ request_message_count: 1, response_message_count: 2 })
  expect(count({}, { status: '0', isGrpc: false })).toEqual({})
})

test('methods have names of their own where all have, or where they are listed', () => {
  expect(count({ statsForAllMethods: true }, { status: '0' })).toMatchObject({ 'pkg.Service.Call.success': 1 })
  expect(count({ statsForAllMethods: true, replaceDotsInGrpcServiceName: true }, { status: '0' })).toMatchObject({
    'pkg_Service.Call.success': 1,
  })
  const individualMethodStatsAllowlist = { services: [{ name: 'pkg.Service', methodNames: ['Call'] }] }
  const listed = count({ individualMethodStatsAllowlist }, { status: '0' }, { path: '/pkg.Service/Other', status: '0' })
  expect(listed).toMatchObject({ 'pkg.Service.Call.total': 1, total: 1 })
})

test('clients cannot make names without end', () => {
  const calls = Array.from({ length: 1100 }, (_, i) => ({ path: `/s/m${i}`, status: '0' }))
  const counted = count({ statsForAllMethods: true }, ...calls)
  expect(Object.keys(counted).filter((name) => name.endsWith('.total'))).toHaveLength(1000)
  expect(counted.total).toBe(100)
})

test('messages are counted however their bytes are split', () => {
  const bytes = Buffer.concat([MESSAGE, Buffer.from('\0\0\0\0\0'), Buffer.from('\0\0\0\x01\x2c'), Buffer.alloc(300)])
  for (let size = 1; size <= bytes.length; size++) {
    const counter = new MessageCounter()
    for (let at = 0; at < bytes.length; at += size) counter.feed(bytes.subarray(at, at + size))
    expect(counter.count).toBe(3)
  }
})
