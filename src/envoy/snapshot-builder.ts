// Messages -> snapshot: a listener is taken apart into its chains, every entry gets the hash of what it means. What a snapshot
// is and what goes to a worker, the difference of two, is in snapshot.ts.
import { hash } from 'node:crypto'
import { fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
import { canonicalBytes } from './canonical.ts'
import { resourceName } from './resource-name.ts'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from './generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { FilterChainSchema } from './generated/envoy/config/listener/v3/listener_components_pb.js'
import { ListenerSchema } from './generated/envoy/config/listener/v3/listener_pb.js'
import { RouteConfigurationSchema } from './generated/envoy/config/route/v3/route_pb.js'
import { SecretSchema } from './generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import { emptySnapshot, entryKey, type EntryKind, type Snapshot, type SnapshotEntry } from './snapshot.ts'
import { splitListener } from './split-listener.ts'

const kinds = new Map<string, EntryKind>([
  [SecretSchema.typeName, 'secret'],
  [ClusterSchema.typeName, 'cluster'],
  [ClusterLoadAssignmentSchema.typeName, 'endpoints'],
  [ListenerSchema.typeName, 'listener'],
  [RouteConfigurationSchema.typeName, 'routes'],
])

/**
 * Collects resources, each as a message or as the bytes that a control plane sent. With the snapshot before it, what has the same
 * bytes is taken over without being decoded: a control plane sends a listener of a thousand chains whole when one changes.
 */
export class SnapshotBuilder {
  private readonly before: Snapshot
  private readonly entries = new Map<string, SnapshotEntry>()

  constructor(before: Snapshot = emptySnapshot) {
    this.before = before
  }

  addMessage(desc: DescMessage, message: Message): void {
    this.addBytes(desc, toBinary(desc, message), resourceName(message))
  }

  /**
   * `desc` is one of Listener, Cluster, ClusterLoadAssignment, RouteConfiguration, Secret. Throws on another, on bytes that
   * are not of it, and on a second resource of that name: resources have been judged before they come here.
   */
  addBytes(desc: DescMessage, bytes: Uint8Array, name = resourceName(fromBinary(desc, bytes))): void {
    const kind = kinds.get(desc.typeName)
    if (kind === undefined) throw new Error(`${desc.typeName} is not a resource of a snapshot`)
    if (kind === 'listener') this.addListener(bytes, name)
    else this.add({ kind, name, desc, bytes, listener: '', chains: [] })
  }

  build(version: string): Snapshot {
    return Object.freeze({ version, entries: this.entries })
  }

  private addListener(bytes: Uint8Array, name: string): void {
    const { shell, chains } = splitListener(bytes)
    // A slash in the listener's name must not be taken for the one that separates.
    const prefix = name.replace(/[%/]/g, encodeURIComponent)
    const names = chains.map((chain) => `${prefix}/${chain.key}`)
    this.add({ kind: 'listener', name, desc: ListenerSchema, bytes: shell, listener: '', chains: names })
    chains.forEach((chain, i) => {
      this.add({
        kind: 'filter-chain',
        name: names[i],
        desc: FilterChainSchema,
        bytes: chain.bytes,
        listener: name,
        chains: [],
      })
    })
  }

  private add(made: Omit<SnapshotEntry, 'hash' | 'typeName'> & { desc: DescMessage }): void {
    const { desc, ...rest } = made
    const key = entryKey(rest.kind, rest.name)
    if (this.entries.has(key)) throw new Error(`two of ${key} in one snapshot`)
    const old = this.before.entries.get(key)
    const same = old !== undefined && Buffer.compare(old.bytes, rest.bytes) === 0
    if (same && old.chains.join('\n') === rest.chains.join('\n')) {
      this.entries.set(key, old)
      return
    }
    const bytes = shared(rest.bytes)
    const hashed = contentHash(desc, bytes, rest.chains)
    this.entries.set(key, Object.freeze({ ...rest, bytes, typeName: desc.typeName, hash: hashed }))
  }
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
