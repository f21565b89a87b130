// Generated from the Envoy API (Apache-2.0, see NOTICE in generated/). Do not edit: npm run generate.
/* eslint-disable */
import { readFileSync } from 'node:fs'
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_timestamp,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_any,
  file_google_protobuf_wrappers,
  file_google_protobuf_struct,
  file_google_protobuf_empty,
} from '@bufbuild/protobuf/wkt'

const wellKnown = [
  file_google_protobuf_timestamp,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_any,
  file_google_protobuf_wrappers,
  file_google_protobuf_struct,
  file_google_protobuf_empty,
]

// A file that imports all others, those that import before those that are imported: the order createFileRegistry needs.
function build() {
  const bytes = readFileSync(new URL('./descriptors.binpb', import.meta.url))
  const files = fromBinary(FileDescriptorSetSchema, bytes).file
  const byName = new Map([...files, ...wellKnown].map((file) => [file.proto?.name ?? file.name, file]))
  const all = create(FileDescriptorProtoSchema, {
    name: 'cairn/all.proto',
    syntax: 'proto3',
    dependency: [...wellKnown.map((file) => file.proto.name), ...files.map((file) => file.name).reverse()],
  })
  return createFileRegistry(all, (name) => byName.get(name))
}

export const registry = build()

export function descriptorOf(protoFileName) {
  const file = registry.getFile(protoFileName)
  if (file === undefined) throw new Error('no descriptor of ' + protoFileName)
  return file
}
