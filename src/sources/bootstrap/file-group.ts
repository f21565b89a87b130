// What a message takes from files or variables, as a group that is good or bad together: a certificate with its key, trusted
// roots, any other content alone. Reads and judges it, and puts it inline.

import { isUtf8 } from 'node:buffer'
import type { Message } from '@bufbuild/protobuf'
import { fieldPath } from '../../envoy/config-error.ts'
import type { DataSource } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type {
  CertificateValidationContext,
  TlsCertificate,
} from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import { checkKeyPair, checkRoots, type NoteCertificate } from '../certificates/check-certificates.ts'
import type { FileReader, Unreadable } from '../files/file-reader.ts'

export interface Part {
  readonly source: DataSource
  /** The place of `source` in its text. */
  readonly path: string
}

export interface Fault {
  /** Index into `parts`. */
  readonly part: number
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly remedy: string
}

export interface FileGroup {
  readonly parts: readonly Part[]
  /** Equal for groups that take their contents from the same places. */
  readonly identity: string
  /** Of each part; empty where it could not be read. */
  readonly contents: readonly Buffer[]
  readonly faults: readonly Fault[]
}

/** Undefined for a message that takes nothing from anywhere. `nowMs` is since 1970. */
export function fileGroupOf(message: Message, path: string, files: FileReader, nowMs: number): FileGroup | undefined {
  switch (message.$typeName) {
    case 'envoy.extensions.transport_sockets.tls.v3.TlsCertificate': {
      const { certificateChain, privateKey, watchedDirectory } = message as TlsCertificate
      if (watchedDirectory !== undefined) files.watchDirectory(watchedDirectory.path)
      const parts = [part(certificateChain, path, 'certificate_chain'), part(privateKey, path, 'private_key')]
      return readGroup(parts.flat(), files, (names, [chain, key], note) => {
        if (key === undefined) return
        const nameOf = (file: 'certificateChain' | 'privateKey') => names[file === 'certificateChain' ? 0 : 1]
        checkKeyPair({ certificateChain: chain, privateKey: key }, nowMs, nameOf, note)
      })
    }
    case 'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext': {
      const { trustedCa, watchedDirectory } = message as CertificateValidationContext
      if (watchedDirectory !== undefined) files.watchDirectory(watchedDirectory.path)
      return readGroup(part(trustedCa, path, 'trusted_ca'), files, (_, [roots], note) => {
        checkRoots(roots, nowMs, note)
      })
    }
    case 'envoy.config.core.v3.DataSource': {
      const source = message as DataSource
      if (source.watchedDirectory !== undefined) files.watchDirectory(source.watchedDirectory.path)
      return isElsewhere(source) ? readGroup([{ source, path }], files, () => undefined) : undefined
    }
    default:
      return undefined
  }
}

/** Returns whether a part was not inline before. */
export function putInline(parts: readonly Part[], contents: readonly Buffer[]): boolean {
  let changed = false
  for (const [index, { source }] of parts.entries()) {
    if (!isElsewhere(source)) continue
    const bytes = contents[index]
    source.specifier = isUtf8(bytes)
      ? { case: 'inlineString', value: bytes.toString('utf8') }
      : { case: 'inlineBytes', value: new Uint8Array(bytes) }
    changed = true
  }
  return changed
}

function part(source: DataSource | undefined, path: string, field: string): Part[] {
  return source?.specifier.case === undefined ? [] : [{ source, path: fieldPath(path, field) }]
}

type Check = (names: readonly string[], texts: readonly string[], note: NoteCertificate) => void

function readGroup(parts: readonly Part[], files: FileReader, check: Check): FileGroup | undefined {
  if (parts.length === 0) return undefined
  const faults: Fault[] = []
  const contents: Buffer[] = []
  const names: string[] = []
  for (const [index, { source }] of parts.entries()) {
    const { name, content } = contentOf(source, files)
    names.push(name)
    contents.push(Buffer.isBuffer(content) ? content : Buffer.alloc(0))
    if (!Buffer.isBuffer(content)) {
      faults.push({ part: index, severity: 'error', message: `${name} ${content.message}`, remedy: content.remedy })
    }
  }
  if (faults.length === 0) {
    const texts = contents.map((bytes) => bytes.toString('utf8'))
    check(names, texts, (severity, file, message, remedy) => {
      const index = file === 'privateKey' ? 1 : 0
      faults.push({ part: index, severity, message: `${names[index]} ${message}`, remedy })
    })
  }
  return { parts, identity: JSON.stringify(parts.map(({ source }) => identityOf(source))), contents, faults }
}

function isElsewhere({ specifier }: DataSource): boolean {
  return specifier.case === 'filename' || specifier.case === 'environmentVariable'
}

function identityOf({ specifier }: DataSource): string[] {
  const { case: kind, value } = specifier
  return [kind ?? '', typeof value === 'string' ? value : Buffer.from(value ?? []).toString('base64')]
}

function contentOf({ specifier }: DataSource, files: FileReader): { name: string; content: Buffer | Unreadable } {
  switch (specifier.case) {
    case 'filename':
      return { name: specifier.value, content: files.read(specifier.value) }
    case 'environmentVariable': {
      const name = `the environment variable ${specifier.value}`
      const value = process.env[specifier.value]
      if (value === undefined) return { name, content: { message: 'is not set', remedy: 'set it for this process' } }
      return { name, content: Buffer.from(value) }
    }
    case 'inlineBytes':
      return { name: 'the text', content: Buffer.from(specifier.value) }
    default:
      return { name: 'the text', content: Buffer.from(specifier.value ?? '') }
  }
}
