// Frees what only the reading of text needs: a worker gets bytes. A descriptor keeps the message that it was made of, with the rules
// of its fields; without these, 3 of 7 MB are left to each thread.

import type { AnyDesc, DescExtension, DescField, DescFile } from '@bufbuild/protobuf'
import { registry } from './generated/descriptors.js'

type Forgetful = { -readonly [K in keyof AnyDesc]: AnyDesc[K] }

/** From now on options of fields and files are gone in this thread (`getOption`); messages are made, read and written as before. */
export function forgetProtos(): void {
  const done = new Set<AnyDesc>()
  for (const desc of registry) forgetFile(desc.file, done)
}

function forgetFile(file: DescFile, done: Set<AnyDesc>): void {
  if (done.has(file)) return
  done.add(file)
  forget(file)
  for (const dependency of file.dependencies) forgetFile(dependency, done)
  for (const desc of [...file.enums, ...file.messages, ...file.extensions, ...file.services]) forgetType(desc)
}

function forgetType(desc: AnyDesc): void {
  forget(desc)
  if (desc.kind === 'enum') desc.values.forEach(forget)
  if (desc.kind === 'service') desc.methods.forEach(forget)
  if (desc.kind === 'extension') forgetDefault(desc)
  if (desc.kind !== 'message') return
  desc.fields.forEach(forget)
  desc.fields.forEach(forgetDefault)
  desc.oneofs.forEach(forget)
  for (const nested of [...desc.nestedEnums, ...desc.nestedMessages, ...desc.nestedExtensions]) forgetType(nested)
}

const NOTHING = Object.freeze({}) as AnyDesc['proto']
const nameless = (): string => 'a descriptor'
const noDefault = (): undefined => undefined

/** Its `toString` holds the message, too. */
function forget(desc: AnyDesc): void {
  const forgetful = desc as Forgetful
  forgetful.proto = NOTHING
  forgetful.toString = nameless
}

/** Only fields of proto2 have a default of their own, and keep it. */
function forgetDefault(field: DescField | DescExtension): void {
  const singular = field as { getDefaultValue?: () => unknown }
  if (singular.getDefaultValue?.() === undefined) singular.getDefaultValue = noDefault
}
