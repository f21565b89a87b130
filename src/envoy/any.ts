// Any: which type it holds, and that type's message. A TypedStruct (Istio's filters and EnvoyFilters come in it) counts as the
// type that it names, as in Envoy.
import { create, fromBinary, fromJson, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf'
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

/** What an Any holds: a message of a type that is known here, or a type name only. */
export interface Unpacked {
  /** Of the type that a TypedStruct names, when it is one. */
  readonly typeName: string
  readonly desc: DescMessage | undefined
  readonly message: Message | undefined
}

/** Throws on bytes that are not of the type that is named, and on a TypedStruct that does not fit its type. */
export function unpackAny(any: Any): Unpacked {
  const typeName = typeNameOf(any.typeUrl)
  const desc = registry.getMessage(typeName)
  if (desc === undefined) return { typeName, desc: undefined, message: undefined }
  const message = fromBinary(desc, any.value)
  return isTypedStruct(typeName) ? unpackStruct(message as TypedStruct) : { typeName, desc, message }
}

function unpackStruct(struct: TypedStruct): Unpacked {
  const typeName = typeNameOf(struct.typeUrl)
  const desc = registry.getMessage(typeName)
  if (desc === undefined) return { typeName, desc: undefined, message: undefined }
  return { typeName, desc, message: fromJson(desc, struct.value ?? {}, { registry }) }
}
