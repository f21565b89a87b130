// Reads the files of one reading of a configuration, and remembers which they were and in which directories a change can give
// them other contents. Does not know what they hold.

import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** Files beyond this are no configuration. */
const maxFileBytes = 64 * 1024 * 1024

/** As the kernel does. */
const maxLinks = 40

/** Why a file could not be read, as the rest of a sentence that its name begins, and what to do. */
export interface Unreadable {
  readonly message: string
  readonly remedy: string
}

export class FileReader {
  private readonly files = new Map<string, Buffer | Unreadable>()
  private readonly folders = new Set<string>()

  /** The same file is read once, so that one reading does not see two versions of it. */
  read(path: string): Buffer | Unreadable {
    let content = this.files.get(path)
    if (content === undefined) this.files.set(path, (content = readWhole(path)))
    return content
  }

  /** Also watches this directory (Envoy's watched_directory). */
  watchDirectory(path: string): void {
    this.folders.add(path)
  }

  /** Everything that was asked for. */
  get paths(): Iterable<string> {
    return this.files.keys()
  }

  get directories(): Set<string> {
    const directories = new Set(this.folders)
    for (const path of this.files.keys()) addDirectories(path, directories)
    return directories
  }

  /** Equal for equal contents. */
  get fingerprint(): string {
    const hash = createHash('sha256')
    for (const [path, content] of this.files) {
      const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content.message)
      hash.update(`${JSON.stringify(path)} ${Buffer.isBuffer(content)} ${bytes.length}\n`).update(bytes)
    }
    return hash.digest('base64url')
  }
}

/** The fingerprint that the same files have now. */
export function fingerprintOf(paths: Iterable<string>): string {
  const reader = new FileReader()
  for (const path of paths) reader.read(path)
  return reader.fingerprint
}

function readWhole(path: string): Buffer | Unreadable {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { message: 'is not a file', remedy: 'name a file' }
    if (stat.size > maxFileBytes)
      return { message: `is larger than ${maxFileBytes} bytes`, remedy: 'name another file' }
    return readFileSync(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    if (code === 'ENOENT') return { message: 'does not exist', remedy: 'create it, or correct the path' }
    if (code === 'EACCES') return { message: 'may not be read', remedy: 'allow this user to read it' }
    return { message: `cannot be read: ${code}`, remedy: '' }
  }
}

/** The directory of the file, and of each symbolic link on the way to it: the volumes of Kubernetes swap a link. */
function addDirectories(path: string, into: Set<string>): void {
  let current = resolve(path)
  for (let links = 0; links < maxLinks; links++) {
    into.add(dirname(current))
    const link = firstLink(current)
    if (link === undefined) return
    into.add(dirname(link.path))
    current = resolve(dirname(link.path), link.target, current.slice(link.path.length + 1))
  }
}

function firstLink(path: string): { path: string; target: string } | undefined {
  const { root } = parse(path)
  let prefix = root
  for (const part of path.slice(root.length).split(sep)) {
    prefix = join(prefix, part)
    try {
      if (lstatSync(prefix).isSymbolicLink()) return { path: prefix, target: readlinkSync(prefix) }
    } catch {
      return undefined // It does not exist: the directory above tells when it does.
    }
  }
  return undefined
}
