// envoy.filters.listener.original_dst on internal listeners: the addresses that the client meant are in the metadata of the
// endpoint, or in filter state left by the outer hop.

import { OriginalDstSchema } from '../../envoy/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js'
import { parseSocketAddress } from '../stream/address.ts'
import type { ConnectionFacts } from '../stream/connection-facts.ts'
import type { ListenerFilterFactory } from './listener-filter.ts'

const NAMESPACE = 'envoy.filters.listener.original_dst'
const LOCAL_KEY = 'envoy.filters.listener.original_dst.local_ip'
const REMOTE_KEY = 'envoy.filters.listener.original_dst.remote_ip'

export const originalDst: ListenerFilterFactory<typeof OriginalDstSchema> = {
  name: 'envoy.filters.listener.original_dst',
  config: OriginalDstSchema,
  compile: () => ({ maxBytes: 0, inspect: restoreAddresses }),
}

/** On sockets there is nothing to restore without NAT: only internal connections carry these values. */
function restoreAddresses(_bytes: Buffer, facts: ConnectionFacts): boolean {
  const fromEndpoint = facts.metadata.get(NAMESPACE)?.['local']
  restoreLocal(facts, typeof fromEndpoint === 'string' ? fromEndpoint : undefined)
  restoreLocal(facts, facts.filterState.get(LOCAL_KEY))
  const remote = facts.filterState.get(REMOTE_KEY)
  const remoteAddress = remote === undefined ? undefined : parseSocketAddress(remote)
  if (remoteAddress !== undefined) facts.remoteAddress = remoteAddress
  return true
}

function restoreLocal(facts: ConnectionFacts, text: string | undefined): void {
  const address = text === undefined ? undefined : parseSocketAddress(text)
  if (address !== undefined) facts.localAddress = address
}
