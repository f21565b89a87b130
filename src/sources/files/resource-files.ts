// Kubernetes objects from files and folders, now and whenever they change. An object that becomes wrong keeps its last good
// version; a file that cannot be read keeps all of its objects.

import { readFileSync } from 'node:fs'
import type { Diagnostic } from '../../resources/diagnostic.ts'
import type { AnyObject } from '../../resources/kinds.ts'
import { mergeObjects } from '../../resources/merge-objects.ts'
import { describeObject } from '../../resources/object-meta.ts'
import { parseObjects, type ParsedObjects } from '../../resources/parse-objects.ts'
import { isStandIn } from '../../resources/rules/unreadable-policy.ts'
import { DirectoryWatcher } from './directory-watcher.ts'
import { findFiles, type FoundFile } from './find-files.ts'

export interface ResourceSet {
  /** Objects that did not change are the same references as before. */
  readonly objects: readonly AnyObject[]
  readonly diagnostics: readonly Diagnostic[]
  /** Objects that are served in an older version than the files hold, or after the files lost them: `HTTPRoute demo/echo`. */
  readonly outdated: readonly string[]
}

/** Files beyond this are no configuration. */
const maxFileBytes = 64 * 1024 * 1024

interface FileState {
  readonly signature: string
  readonly text: string
  readonly parsed: ParsedObjects
  /** What the file stands for: its objects, and the last good version of those that are wrong now. */
  readonly objects: readonly AnyObject[]
  readonly outdated: readonly string[]
  /** The file was named and is not there for now. */
  readonly missing: boolean
}

export class ResourceFiles {
  private readonly paths: readonly string[]
  private files = new Map<string, FileState>()
  private current: ResourceSet | undefined
  /** The last reading met a file that it could not read. */
  private hadErrors = false
  private directories: ReadonlySet<string> = new Set()
  private watcher: DirectoryWatcher | undefined

  constructor(paths: readonly string[]) {
    this.paths = paths
  }

  /** Reads everything. Returns the same set as before when nothing changed. */
  read(): ResourceSet {
    const found = findFiles(this.paths)
    this.directories = found.directories
    const diagnostics: Diagnostic[] = []
    const files = new Map<string, FileState>()
    for (const file of found.files) {
      const state = this.readFile(file, diagnostics)
      if (state !== undefined) files.set(file.path, state)
    }
    for (const { path, code } of found.errors) {
      diagnostics.push(fileError(path, code))
      // Named on the command line and gone for now, or not readable: what it held stays.
      const known = this.files.get(path)
      if (known !== undefined) files.set(path, { ...known, signature: '', missing: true })
    }
    const same = !this.hadErrors && diagnostics.length === 0 && sameFiles(this.files, files)
    this.files = files
    this.hadErrors = diagnostics.length > 0
    if (same && this.current !== undefined) return this.current
    this.current = collect(files, diagnostics)
    return this.current
  }

  /** Calls back with each further set that differs from the one before, until `close`. */
  watch(onChange: (set: ResourceSet) => void, options: { quietMs?: number; pollMs?: number } = {}): void {
    const check = () => {
      const before = this.current
      const now = this.read()
      this.watcher?.setDirectories(this.directories)
      if (now !== before && !sameSet(now, before)) onChange(now)
    }
    this.watcher = new DirectoryWatcher({ ...options, onChange: check })
    // Whatever happened between the first reading and the first watch is found here.
    this.watcher.setDirectories(this.directories)
    if (this.current !== undefined) check()
  }

  close(): void {
    this.watcher?.close()
  }

  private readFile({ path, signature }: FoundFile, diagnostics: Diagnostic[]): FileState | undefined {
    const known = this.files.get(path)
    if (known?.signature === signature) return known
    let text: string
    try {
      const bytes = readFileSync(path)
      if (bytes.length > maxFileBytes) {
        diagnostics.push(fileError(path, `larger than ${maxFileBytes} bytes`))
        return known
      }
      text = bytes.toString('utf8')
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      // Gone since it was listed.
      if (code === 'ENOENT') return undefined
      diagnostics.push(fileError(path, code))
      return known
    }
    if (known?.text === text) return { ...known, signature, missing: false }
    const parsed = parseObjects(text, path, known?.parsed)
    return { signature, text, parsed, missing: false, ...withLastGood(parsed, known) }
  }
}

function withLastGood(parsed: ParsedObjects, known: FileState | undefined): Pick<FileState, 'objects' | 'outdated'> {
  if (known === undefined || (parsed.refused.length === 0 && !parsed.incomplete)) {
    return { objects: [...parsed.objects, ...parsed.standIns], outdated: [] }
  }
  const present = new Set(parsed.objects.map(describeObject))
  const refused = new Set(parsed.refused)
  const lost = known.objects.filter((object) => {
    const name = describeObject(object)
    return !present.has(name) && (parsed.incomplete || refused.has(name))
  })
  const kept = lost.filter((object) => !isStandIn(object)).map((object) => [describeObject(object), object] as const)
  // What has no readable name may be what was good before and stays.
  const standIns = parsed.standIns.filter((object) => refused.has(describeObject(object)))
  const serving = new Map([...[...lost, ...standIns].map((one) => [describeObject(one), one] as const), ...kept])
  return { objects: [...parsed.objects, ...serving.values()], outdated: kept.map(([name]) => name) }
}

function collect(files: ReadonlyMap<string, FileState>, errors: readonly Diagnostic[]): ResourceSet {
  const states = [...files.values()]
  const merged = mergeObjects(states.map(({ objects }) => objects))
  const diagnostics = [...errors, ...states.flatMap(({ parsed }) => parsed.diagnostics), ...merged.diagnostics]
  const outdated = states.flatMap((state) => (state.missing ? state.objects.map(describeObject) : state.outdated))
  return { objects: merged.objects, diagnostics, outdated }
}

function sameFiles(before: ReadonlyMap<string, FileState>, now: ReadonlyMap<string, FileState>): boolean {
  if (before.size !== now.size) return false
  for (const [path, { text }] of now) if (before.get(path)?.text !== text) return false
  return true
}

function sameSet(a: ResourceSet, b: ResourceSet | undefined): boolean {
  return (
    b !== undefined &&
    a.objects.length === b.objects.length &&
    a.objects.every((object, index) => object === b.objects[index]) &&
    JSON.stringify([a.diagnostics, a.outdated]) === JSON.stringify([b.diagnostics, b.outdated])
  )
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'correct the path',
  EACCES: 'allow this user to read it',
}

function fileError(path: string, code: string): Diagnostic {
  const message = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`
  return { severity: 'error', file: path, line: 0, object: '', field: '', message, remedy: remedies[code] ?? '' }
}
