// Where a proxy's configuration comes from, as its reader sees it: something that can be read as a whole, and says when
// to read again. The sources themselves are in src/sources; this room joins them.

import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { ReadingHandover } from './configuration-change.ts'

/** One resource of the snapshot: a Listener, Cluster, ClusterLoadAssignment, RouteConfiguration or Secret. */
export interface ConfiguredResource {
  readonly desc: DescMessage
  readonly message: Message
}

export interface LoadedConfiguration {
  /** Chosen by the source; only shown. */
  readonly version: string
  /** Files are read and put inline (certificates, bodies); nothing in them names a file any more but access logs. */
  readonly resources: readonly ConfiguredResource[]
  /** What a static configuration said besides resources: node, admin, runtime. */
  readonly bootstrap: Bootstrap | undefined
  /** One line each, with file, line and path. With one of these the resources must not be used. */
  readonly errors: readonly string[]
  /** What was left out, or has no effect; the rest is used. */
  readonly warnings: readonly string[]
  /** With which another source can go on; undefined if this one must remember more. */
  readonly handover: ReadingHandover | undefined
}

export interface ConfigurationSource {
  /** Reads everything anew. Never throws for what a file holds. */
  load(): Promise<LoadedConfiguration>
  /** Calls back when `load` may give something else; changes that come together are one call. */
  watch(onChange: () => void): void
  close(): void
}
