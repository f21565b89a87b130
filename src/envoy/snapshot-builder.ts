// Messages -> snapshot: a listener is taken apart into its chains, every entry gets the hash of what it means. What a snapshot
// is and what goes to a worker, the difference of two, is in snapshot.ts.
import { hash } from 'node:crypto'
import { fromBinary, isMessage, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
import { canonicalBytes } from './canonical.ts'
import { resourceName } from './resource-name.ts'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from './generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { FilterChainSchema } from './generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema, type Listener } from './generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from './generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { emptySnapshot, entryKey, type EntryKind, type Snapshot, type SnapshotEntry } from './snapshot.ts'
import { DEFAULT_CHAIN_KEY, splitListener, uniqueChainKey } from './split-listener.ts'

const kinds = new Map<string, EntryKind>([
  [SecretSchema.typeName, 'secret'],
  [ClusterSchema.typeName, 'cluster'],
  [ClusterLoadAssignmentSchema.typeName, 'endpoints'],
  [ListenerSchema.typeName, 'listener'],
  [RouteConfigurationSchema.typeName, 'routes'],
])

/** Entries by the message that they were made of, for builders that follow: a message that is met again is not written again. */
export type KnownMessages = WeakMap<Message, SnapshotEntry>

type Made = Omit<SnapshotEntry, 'hash' | 'typeName' | 'bytes'> & { readonly desc: DescMessage }

/**
 * Collects resources, each as a message or as the bytes that a control plane sent. With the snapshot before it, what has the same
 * bytes is taken over without being decoded: a control plane sends a listener of a thousand chains whole when one changes. With the
 * messages that were met before, what is the same message is not even written: messages must not change once they are here.
 */
export class SnapshotBuilder {
  private readonly before: Snapshot
  private readonly known: KnownMessages
  private readonly entries = new Map<string, SnapshotEntry>()

  constructor(before: Snapshot = emptySnapshot, known: KnownMessages = new WeakMap()) {
    this.before = before
    this.known = known
  }

  addMessage(desc: DescMessage, message: Message): void {
    if (isMessage(message, ListenerSchema)) this.addListenerMessage(message)
    else this.addKnown(message, { kind: kindOf(desc), name: resourceName(message), desc, listener: '', chains: [] })
  }

  /**
   * `desc` is one of Listener, Cluster, ClusterLoadAssignment, RouteConfiguration, Secret. Throws on another, on bytes that
   * are not of it, and on a second resource of that name: resources have been judged before they come here.
   */
  addBytes(desc: DescMessage, bytes: Uint8Array, name = resourceName(fromBinary(desc, bytes))): void {
    const kind = kindOf(desc)
    if (kind === 'listener') this.addListener(bytes, name)
    else this.add({ kind, name, desc, listener: '', chains: [] }, bytes)
  }

  build(version: string): Snapshot {
    return Object.freeze({ version, entries: this.entries })
  }

  private addListener(bytes: Uint8Array, name: string): void {
    const { shell, chains } = splitListener(bytes)
    const names = chains.map((chain) => chainEntryName(name, chain.key))
    this.add({ kind: 'listener', name, desc: ListenerSchema, listener: '', chains: names }, shell)
    chains.forEach((chain, i) => this.add(chainOf(name, names[i]), chain.bytes))
  }

  private addListenerMessage(message: Listener): void {
    const { name, filterChains, defaultFilterChain } = message
    const used = new Set<string>()
    const names = filterChains.map((chain, i) => chainEntryName(name, uniqueChainKey(chain.name, i, used)))
    const chains = defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain]
    if (defaultFilterChain !== undefined) names.push(chainEntryName(name, DEFAULT_CHAIN_KEY))
    const shell: Listener = { ...message, filterChains: [] }
    delete shell.defaultFilterChain
    this.add(
      { kind: 'listener', name, desc: ListenerSchema, listener: '', chains: names },
      toBinary(ListenerSchema, shell),
    )
    chains.forEach((chain, i) => this.addKnown(chain, chainOf(name, names[i])))
  }

  private addKnown(message: Message, made: Made): void {
    const entry = this.known.get(message)
    if (entry?.name === made.name && entry.listener === made.listener) this.put(entry)
    else this.known.set(message, this.add(made, toBinary(made.desc, message)))
  }

  private add(made: Made, bytes: Uint8Array): SnapshotEntry {
    const { desc, ...rest } = made
    const old = this.before.entries.get(entryKey(rest.kind, rest.name))
    const same = old !== undefined && Buffer.compare(old.bytes, bytes) === 0
    if (same && old.chains.join('\n') === rest.chains.join('\n')) return this.put(old)
    const copy = shared(bytes)
    const hashed = contentHash(desc, copy, rest.chains)
    return this.put(Object.freeze({ ...rest, bytes: copy, typeName: desc.typeName, hash: hashed }))
  }

  private put(entry: SnapshotEntry): SnapshotEntry {
    const key = entryKey(entry.kind, entry.name)
    if (this.entries.has(key)) throw new Error(`two of ${key} in one snapshot`)
    this.entries.set(key, entry)
    return entry
  }
}

function kindOf(desc: DescMessage): EntryKind {
  const kind = kinds.get(desc.typeName)
  if (kind === undefined) throw new Error(`${desc.typeName} is not a resource of a snapshot`)
  return kind
}

function chainOf(listener: string, name: string): Made {
  return { kind: 'filter-chain', name, desc: FilterChainSchema, listener, chains: [] }
}

/** A slash in the listener's name must not be taken for the one that separates. */
function chainEntryName(listener: string, key: string): string {
  return `${listener.replace(/[%/]/g, encodeURIComponent)}/${key}`
}

/** Threads that are told of an entry look at the same bytes. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

/** Equal for what is executed alike: the order of maps and where a thing came from do not count. */
function contentHash(desc: DescMessage, bytes: Uint8Array, chains: readonly string[]): string {
  const content = canonicalBytes(desc, fromBinary(desc, bytes))
  const whole = chains.length === 0 ? content : Buffer.concat([content, Buffer.from(`\0${chains.join('\0')}`)])
  return hash('sha256', whole, 'base64url')
}
