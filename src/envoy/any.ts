// Any: which type it holds, and that type's message. A TypedStruct (Istio's filters and EnvoyFilters come in it) counts as the
// type that it names, as in Envoy.
import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
import { AnySchema, type Any } from '@bufbuild/protobuf/wkt'
import { registry } from './generated/descriptors.js'
import { TypedStructSchema as UdpaTypedStructSchema } from './generated/udpa/type/v1/typed_struct_pb.js'
import { TypedStructSchema, type TypedStruct } from './generated/xds/type/v3/typed_struct_pb.js'

export const TYPE_PREFIX = 'type.googleapis.com/'

/** `envoy.config.cluster.v3.Cluster` of `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
export function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1)
}

export function isTypedStruct(typeName: string): boolean {
  return typeName === TypedStructSchema.typeName || typeName === UdpaTypedStructSchema.typeName
}

export function packAny(desc: DescMessage, message: Message): Any {
  return create(AnySchema, { typeUrl: TYPE_PREFIX + desc.typeName, value: toBinary(desc, message) })
}

/** What an Any holds. `message` is undefined when the type is not known here; a TypedStruct then is in `struct`. */
export interface Unpacked {
  /** Of the type that a TypedStruct names, when it is one. */
  readonly typeName: string
  readonly desc: DescMessage | undefined
  readonly message: Message | undefined
  readonly struct: TypedStruct | undefined
}

/** Throws on bytes that are not of the type that is named. A TypedStruct is given as it is, not converted. */
export function unpackAny(any: Any): Unpacked {
  const typeName = typeNameOf(any.typeUrl)
  const desc = registry.getMessage(typeName)
  if (desc === undefined) return { typeName, desc: undefined, message: undefined, struct: undefined }
  const message = fromBinary(desc, any.value)
  if (!isTypedStruct(typeName)) return { typeName, desc, message, struct: undefined }
  const struct = message as TypedStruct
  return { typeName: typeNameOf(struct.typeUrl), desc: undefined, message: undefined, struct }
}
