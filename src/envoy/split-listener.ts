// Takes a serialised Listener apart into its filter chains and the rest, on the wire, without decoding either.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { FilterChainSchema } from './generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema } from './generated/envoy/config/listener/v3/listener_pb.js'

export interface ListenerParts {
  /** The Listener without filter_chains and default_filter_chain. */
  readonly shell: Uint8Array
  /** In their order, the default chain last. */
  readonly chains: ChainPart[]
}

export interface ChainPart {
  /** Unique in its listener: the chain's name; `#2` for the third one when it has none, or one that was used before; `#default`. */
  readonly key: string
  readonly bytes: Uint8Array
}

const FILTER_CHAINS = ListenerSchema.field.filterChains.number
const DEFAULT_FILTER_CHAIN = ListenerSchema.field.defaultFilterChain.number
const CHAIN_NAME = FilterChainSchema.field.name.number

export const DEFAULT_CHAIN_KEY = '#default'

/** The key of the chain at `index`; `used` has those of the chains before it, and gets this one. */
export function uniqueChainKey(name: string, index: number, used: Set<string>): string {
  let key = name === '' || used.has(name) ? `#${index}` : name
  while (used.has(key)) key += '#'
  used.add(key)
  return key
}

/** Throws on bytes that are not a message. */
export function splitListener(bytes: Uint8Array): ListenerParts {
  const reader = new BinaryReader(bytes)
  const rest: Uint8Array[] = []
  const chains: ChainPart[] = []
  const used = new Set<string>()
  let last: ChainPart | undefined
  while (reader.pos < bytes.length) {
    const start = reader.pos
    const [field, type] = reader.tag()
    if (field === FILTER_CHAINS && type === WireType.LengthDelimited) {
      const chain = reader.bytes()
      chains.push({ key: uniqueChainKey(chainName(chain), chains.length, used), bytes: chain })
    } else if (field === DEFAULT_FILTER_CHAIN && type === WireType.LengthDelimited) {
      last = { key: DEFAULT_CHAIN_KEY, bytes: reader.bytes() }
    } else {
      reader.skip(type, field)
      rest.push(bytes.subarray(start, reader.pos))
    }
  }
  if (last !== undefined) chains.push(last)
  return { shell: new Uint8Array(Buffer.concat(rest)), chains }
}

function chainName(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes)
  let name = ''
  while (reader.pos < bytes.length) {
    const [field, type] = reader.tag()
    if (field === CHAIN_NAME && type === WireType.LengthDelimited) name = reader.string()
    else reader.skip(type, field)
  }
  return name
}
