// Shorthand for the parts that Envoy messages are made of.

import { create } from '@bufbuild/protobuf'
import type { DescMessage, JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import { DurationSchema } from '@bufbuild/protobuf/wkt'
import type { Any, Duration } from '@bufbuild/protobuf/wkt'
import { packAny } from '../envoy/any.ts'
import { parseGoDuration } from '../resources/go-duration.ts'
import type { KubernetesObject } from '../resources/object-meta.ts'
import { describeObject } from '../resources/object-meta.ts'

/** A message packed into an Any; empty messages need no `init`. */
export function any<Desc extends DescMessage>(schema: Desc, init?: MessageInitShape<Desc>): Any {
  return packAny(schema, create(schema, init))
}

export function duration(milliseconds: number): Duration {
  const seconds = Math.trunc(milliseconds / 1000)
  return create(DurationSchema, { seconds: BigInt(seconds), nanos: Math.round((milliseconds - seconds * 1000) * 1e6) })
}

/** A duration that a user may have written, checked when the object was read. */
export function optionalDuration(text: string | undefined): Duration | undefined {
  const milliseconds = text === undefined ? undefined : parseGoDuration(text)
  return milliseconds === undefined ? undefined : duration(milliseconds)
}

/** Where a part of the configuration came from, for `filter_metadata` of any Envoy message that has metadata. */
export function sourceMetadata(object: KubernetesObject, part?: string): { 'cairn.source': JsonObject } {
  const { file, line } = object.source
  const { resourceVersion } = object.metadata
  return {
    'cairn.source': {
      object: describeObject(object),
      ...(part === undefined ? {} : { part }),
      file,
      line,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  }
}
