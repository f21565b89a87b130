// Which filter chain a TLS connection gets by the server name in its hello (SNI). A name that nothing matches gets none, so the
// connection is closed.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { ServerNameInputSchema } from '../../envoy/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.js'
import type {
  Matcher_MatcherList_PredicateSchema,
  Matcher_OnMatchSchema,
} from '../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import { any } from '../envoy-message.ts'

export interface ServerNameChain {
  /** `a.example.com`, or `*.example.com` for every name below it. */
  readonly serverName: string
  readonly chain: string
}

/** Of equal names the first counts; exact names come before wildcards, and longer wildcards before shorter ones. */
export function byServerName(
  chains: readonly ServerNameChain[],
  chainNamed: (chain: string) => MessageInitShape<typeof Matcher_OnMatchSchema>,
): MessageInitShape<typeof Matcher_OnMatchSchema> {
  const ordered = [...chains].sort((a, b) => specificity(b.serverName) - specificity(a.serverName))
  const matchers = ordered.map(({ serverName, chain }) => ({
    predicate: hasServerName(serverName),
    onMatch: chainNamed(chain),
  }))
  return { onMatch: { case: 'matcher', value: { matcherType: { case: 'matcherList', value: { matchers } } } } }
}

function specificity(serverName: string): number {
  return serverName.startsWith('*.') ? serverName.length : Number.MAX_SAFE_INTEGER
}

function hasServerName(serverName: string): MessageInitShape<typeof Matcher_MatcherList_PredicateSchema> {
  const matchPattern = serverName.startsWith('*.')
    ? { case: 'suffix' as const, value: serverName.slice(1) }
    : { case: 'exact' as const, value: serverName }
  const input = { name: 'server-name', typedConfig: any(ServerNameInputSchema) }
  const matcher = { case: 'valueMatch' as const, value: { matchPattern } }
  return { matchType: { case: 'singlePredicate', value: { input, matcher } } }
}
