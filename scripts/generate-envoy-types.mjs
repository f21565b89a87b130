// Regenerates src/envoy/generated: `npm run generate`. Needs python3 and a PyPI mirror; nothing else in the project does.
// Makes a throw-away Python environment, runs generate-envoy-types.py (descriptors -> CodeGeneratorRequest) into
// protoc-gen-es, and writes what comes out, with the notice of where it is from.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'

const ENVOY_DESCRIPTORS = 'xds-protos==1.85.0'
const TOOLS = ['protobuf==7.36.2', 'grpcio-tools==1.85.1']

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const out = join(root, 'src/envoy/generated')

const NOTICE = `The files in this folder are generated; do not edit them (npm run generate).

They are made from the protocol buffer descriptors of
- the Envoy API (https://github.com/envoyproxy/envoy, api/), Copyright Envoy Project Authors, Apache License 2.0
- the xDS API and UDPA (https://github.com/cncf/xds), Copyright CNCF and contributors, Apache License 2.0
- protoc-gen-validate (https://github.com/bufbuild/protoc-gen-validate), Apache License 2.0
- CEL (https://github.com/google/cel-spec) and googleapis (https://github.com/googleapis/googleapis), Apache License 2.0
- OpenTelemetry protocol (https://github.com/open-telemetry/opentelemetry-proto), Apache License 2.0
as packed in the PyPI package ${ENVOY_DESCRIPTORS.replace('==', ' ')} (Envoy API of that release), and of src/envoy/protos.
Options that Cairn does not read are left out of the descriptors. The licence's text is in LICENSE at the project's root.
`

const BANNER =
  '// Generated from the Envoy API (Apache-2.0, see NOTICE in generated/). Do not edit: npm run generate.\n'

function main() {
  const work = mkdtempSync(join(tmpdir(), 'envoy-types-'))
  try {
    const python = preparePython(work)
    const requestBytes = run(python, [join(root, 'scripts/generate-envoy-types.py'), work])
    const request = fromBinary(CodeGeneratorRequestSchema, requestBytes)
    const plugin = join(root, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es')
    const response = fromBinary(CodeGeneratorResponseSchema, run(process.execPath, [plugin], requestBytes))
    if (response.error) throw new Error(response.error)
    rmSync(out, { recursive: true, force: true })
    write('NOTICE', NOTICE)
    write('descriptors.js', descriptorsModule(request))
    write('descriptors.d.ts', DESCRIPTORS_TYPES)
    for (const file of response.file) {
      write(
        file.name,
        withBanner(file.name.endsWith('.js') ? sharingDescriptors(file.name, file.content) : file.content),
      )
    }
    console.log(`${response.file.length / 2} proto files`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const DESCRIPTORS_TYPES = `${BANNER}import type { DescFile, FileRegistry } from '@bufbuild/protobuf'

/** Every file, message and enum of this folder, and the well-known types. */
export declare const registry: FileRegistry
export declare function descriptorOf(protoFileName: string): DescFile
`

/**
 * All descriptors as one string and one registry. protoc-gen-es embeds one string per file, and each file's registry is
 * then filled with everything it imports: five times the start time, and three times the memory, for 215 files.
 */
function descriptorsModule(request) {
  const own = request.protoFile.filter((file) => !file.name.startsWith('google/protobuf/'))
  const known = request.protoFile.filter((file) => file.name.startsWith('google/protobuf/')).map((file) => file.name)
  const ids = known.map((name) => 'file_' + name.replace(/\.proto$/, '').replaceAll('/', '_'))
  const set = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: own }))
  return `${BANNER}/* eslint-disable */
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { base64Decode } from '@bufbuild/protobuf/wire'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
${ids.map((id) => `  ${id},\n`).join('')}} from '@bufbuild/protobuf/wkt'

const wellKnown = [
${ids.map((id) => `  ${id},\n`).join('')}]

const descriptors =
  '${Buffer.from(set).toString('base64')}'

// A file that imports all others, those that import before those that are imported: the order createFileRegistry needs.
function build() {
  const files = fromBinary(FileDescriptorSetSchema, base64Decode(descriptors)).file
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
  if (file === undefined) throw new Error('no descriptor of '+ protoFileName)
  return file
}
`
}

/** Takes the embedded descriptor out of a generated file, and lets it refer to descriptors.js. */
function sharingDescriptors(name, text) {
  const up = '../'.repeat(name.split('/').length - 1) || './'
  const proto = name.replace(/_pb\.js$/, '.proto')
  const shared = text
    .replace(/^import \{[^}]*\} from "(\.|@bufbuild\/protobuf\/wkt).*\n/gm, '')
    .replace(/fileDesc\("[^"]*"(, \[[^\]]*\])?\)/, `descriptorOf("${proto}")`)
    .replace(/^(import \{)([^}]*)(\} from "@bufbuild\/protobuf\/codegenv2";\n)/m, (_, a, names, c) => {
      const kept = names
        .split(',')
        .map((n) => n.trim())
        .filter((n) => n !== 'fileDesc')
      return (
        (kept.length > 0 ? `${a} ${kept.join(', ')} ${c}` : '') +
        `import { descriptorOf } from "${up}descriptors.js";\n`
      )
    })
  if (shared.includes('fileDesc(') || !shared.includes('descriptorOf("'))
    throw new Error(`${name} has an unknown shape`)
  return shared
}

/** CAIRN_GENERATE_PYTHON names a Python that has the packages; without it a fresh environment is made in `work`. */
function preparePython(work) {
  if (process.env.CAIRN_GENERATE_PYTHON) return process.env.CAIRN_GENERATE_PYTHON
  run('python3', ['-m', 'venv', join(work, 'venv')])
  const python = join(work, 'venv/bin/python')
  run(python, ['-m', 'pip', 'install', '-q', ...TOOLS])
  run(python, ['-m', 'pip', 'install', '-q', '--no-deps', ENVOY_DESCRIPTORS])
  return python
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
