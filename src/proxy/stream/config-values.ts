// Protobuf values as the plain numbers and structs that run time uses. Called when configuration is built, never later.

import type { JsonObject } from '@bufbuild/protobuf'
import type { Duration } from '@bufbuild/protobuf/wkt'
import type { Metadata as MetadataMessage } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { NO_METADATA } from './metadata.ts'
import type { Metadata, MetadataStruct } from './metadata.ts'

/** Milliseconds, fractions kept; undefined when not set. */
export function durationMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6
}

/** `filter_metadata` by namespace. Structs are plain JSON already. */
export function metadataOf(message: MetadataMessage | undefined): Metadata {
  if (message === undefined) return NO_METADATA
  const namespaces = Object.keys(message.filterMetadata)
  if (namespaces.length === 0) return NO_METADATA
  const metadata = new Map<string, MetadataStruct>()
  for (const namespace of namespaces) metadata.set(namespace, asStruct(message.filterMetadata[namespace]))
  return metadata
}

export function asStruct(json: JsonObject): MetadataStruct {
  return json
}
