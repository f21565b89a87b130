// Inputs of matcher trees over a connection's facts (envoy.extensions.matching.common_inputs.network.v3).

import { fromBinary } from '@bufbuild/protobuf'
import { FilterStateInputSchema } from '../../envoy/generated/envoy/extensions/matching/common_inputs/network/v3/network_inputs_pb.js'
import type { Address, ConnectionFacts } from '../stream/connection-facts.ts'
import type { InputFactory } from './compile-matcher.ts'
import type { MatchInput } from './match-tree.ts'

const PACKAGE = 'envoy.extensions.matching.common_inputs.network.v3.'
const SSL_PACKAGE = 'envoy.extensions.matching.common_inputs.ssl.v3.'

function fixed(text: string, get: (facts: ConnectionFacts) => string | undefined): InputFactory<ConnectionFacts> {
  const input: MatchInput<ConnectionFacts> = { text, get }
  return () => input
}

/** By type name. */
export const NETWORK_INPUTS: ReadonlyMap<string, InputFactory<ConnectionFacts>> = new Map([
  [PACKAGE + 'DestinationIPInput', fixed('destination IP', (facts) => ip(facts.localAddress))],
  [PACKAGE + 'DestinationPortInput', fixed('destination port', (facts) => port(facts.localAddress))],
  [PACKAGE + 'SourceIPInput', fixed('source IP', (facts) => ip(facts.remoteAddress))],
  [PACKAGE + 'SourcePortInput', fixed('source port', (facts) => port(facts.remoteAddress))],
  [PACKAGE + 'DirectSourceIPInput', fixed('direct source IP', (facts) => ip(facts.directRemoteAddress))],
  [PACKAGE + 'SourceTypeInput', fixed('source type', sourceType)],
  [PACKAGE + 'ServerNameInput', fixed('server name', (facts) => nonEmpty(facts.requestedServerName))],
  [PACKAGE + 'TransportProtocolInput', fixed('transport protocol', (facts) => nonEmpty(facts.transportProtocol))],
  [PACKAGE + 'ApplicationProtocolInput', fixed('application protocols', applicationProtocols)],
  [PACKAGE + 'FilterStateInput', filterStateInput],
  [SSL_PACKAGE + 'UriSanInput', fixed('URI SANs', (facts) => joinedSans(facts.tls?.peer?.uriSans))],
  [SSL_PACKAGE + 'DnsSanInput', fixed('DNS SANs', (facts) => joinedSans(facts.tls?.peer?.dnsSans))],
  [SSL_PACKAGE + 'SubjectInput', fixed('subject', (facts) => nonEmpty(facts.tls?.peer?.subject ?? ''))],
])

function filterStateInput(...[config]: Parameters<InputFactory<ConnectionFacts>>): MatchInput<ConnectionFacts> {
  const { key } = fromBinary(FilterStateInputSchema, config.value)
  return { text: `filter state ${key}`, get: (facts) => facts.filterState.get(key) }
}

function ip(address: Address): string | undefined {
  return nonEmpty(address.ip)
}

function port(address: Address): string | undefined {
  return address.ip === '' ? undefined : String(address.port)
}

/** All of a kind, joined by commas, as Envoy gives them. */
function joinedSans(sans: readonly string[] = []): string | undefined {
  return sans.length === 0 ? undefined : sans.join(',')
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** Quoted and comma-joined, as Envoy gives them: `'h2','http/1.1'`. */
function applicationProtocols(facts: ConnectionFacts): string | undefined {
  const protocols = facts.applicationProtocols
  return protocols.length === 0 ? undefined : protocols.map((protocol) => `'${protocol}'`).join(',')
}

/** `local` for connections from this machine, the only kind that this input names. */
function sourceType(facts: ConnectionFacts): string | undefined {
  const from = facts.remoteAddress.ip
  return from === facts.localAddress.ip || from.startsWith('127.') || from === '::1' ? 'local' : undefined
}
