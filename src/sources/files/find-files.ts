// The files that paths stand for: files as named, folders with everything below them that looks like YAML or JSON. Names that
// begin with a dot are skipped: editors' temporary files, and the hidden folders behind the links of Kubernetes' volumes.

import { readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface FoundFile {
  /** As it appears in messages. */
  readonly path: string
  /** Changes whenever the content may have changed. */
  readonly signature: string
}

export interface FoundFiles {
  readonly files: readonly FoundFile[]
  /** Every directory in which a change can add, remove or replace one of the files. */
  readonly directories: ReadonlySet<string>
  readonly errors: readonly { readonly path: string; readonly code: string }[]
}

export function findFiles(paths: readonly string[]): FoundFiles {
  const files = new Map<string, FoundFile>()
  const directories = new Set<string>()
  const errors: { path: string; code: string }[] = []
  const visited = new Set<string>()

  const visit = (path: string, named: boolean) => {
    try {
      const stat = statSync(path, { bigint: true })
      if (stat.isDirectory()) {
        visitDirectory(path)
      } else if (named || /\.(ya?ml|json)$/.test(path)) {
        files.set(path, { path, signature: `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` })
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      // Between listing and looking a file may go, and a link may lead nowhere: only what was named must exist.
      if (named || code !== 'ENOENT') errors.push({ path, code })
    }
  }
  const visitDirectory = (directory: string) => {
    const real = realpathSync(directory)
    if (visited.has(real)) return // Links that lead in a circle.
    visited.add(real)
    directories.add(directory)
    for (const name of readdirSync(directory).sort()) {
      if (!name.startsWith('.')) visit(join(directory, name), false)
    }
  }
  for (const path of paths) {
    directories.add(dirname(path))
    visit(path, true)
  }
  return { files: [...files.values()], directories, errors }
}
