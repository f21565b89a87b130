import { create, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf'
import { expect, test } from '@jest/globals'
import { forgetProtos } from './forget-protos.ts'
import { registry } from './generated/descriptors.js'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { RouteConfigurationSchema } from './generated/envoy/config/route/v3/route_pb.js'

test('messages are made, written and read after it as before it', () => {
  const cluster = create(ClusterSchema, { name: 'c', metadata: { filterMetadata: { a: { b: 'c' } } } })
  const json = {
    name: 'r',
    virtualHosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { timeout: '1.500s' } }] }],
  }
  const before = [
    toBinary(ClusterSchema, cluster),
    toBinary(RouteConfigurationSchema, fromJson(RouteConfigurationSchema, json)),
  ]
  forgetProtos()
  const after = [
    toBinary(ClusterSchema, cluster),
    toBinary(RouteConfigurationSchema, fromJson(RouteConfigurationSchema, json)),
  ]
  expect(after).toEqual(before)
  expect(fromBinary(ClusterSchema, before[0])).toEqual(cluster)
  expect(toJson(RouteConfigurationSchema, fromBinary(RouteConfigurationSchema, before[1]))).toEqual(json)
  for (const desc of registry) if (desc.kind === 'message') expect(() => create(desc)).not.toThrow()
})

test('no descriptor keeps what it was made of', () => {
  forgetProtos()
  for (const desc of registry) {
    expect(Object.keys(desc.proto)).toEqual([])
    if (desc.kind === 'message') for (const field of desc.fields) expect(Object.keys(field.proto)).toEqual([])
  }
})
