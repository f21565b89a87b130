// What of a request the hash is made of that chooses its host: the key of a DestinationRule's consistent hashing.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteAction_HashPolicySchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { ConsistentHash } from '../../resources/destination-rule.ts'
import { optionalDuration } from '../envoy-message.ts'

export type HashPolicy = MessageInitShape<typeof RouteAction_HashPolicySchema>

/** Undefined without consistent hashing, and without a key: then the host is chosen at random. */
export function hashPolicy(hash: ConsistentHash | undefined): HashPolicy | undefined {
  if (hash === undefined) return undefined
  const { httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName } = hash
  if (httpHeaderName !== undefined) {
    return { policySpecifier: { case: 'header', value: { headerName: httpHeaderName } } }
  }
  if (httpCookie !== undefined) {
    const { name, path = '', ttl, attributes = [] } = httpCookie
    const value = { name, path, ttl: optionalDuration(ttl), attributes: [...attributes] }
    return { policySpecifier: { case: 'cookie', value } }
  }
  if (useSourceIp !== undefined) {
    return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: useSourceIp } } }
  }
  if (httpQueryParameterName === undefined) return undefined
  return { policySpecifier: { case: 'queryParameter', value: { name: httpQueryParameterName } } }
}
