// Every room of the house (a folder of src/ and of src/proxy/) has a README.md of at most 20 lines, and every source file that
// a page names exists: from the page's own folder, or from the root, src or src/proxy.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const maxLines = 20
const root = dirname(dirname(fileURLToPath(import.meta.url)))

const foldersOf = (path) =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${path}/${entry.name}`)

const rooms = [...foldersOf('src').filter((room) => room !== 'src/docs'), ...foldersOf('src/proxy')]
let findings = 0
for (const room of rooms) {
  const file = join(root, room, 'README.md')
  if (!existsSync(file)) {
    console.log(`${room}: no README.md`)
    findings++
    continue
  }
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').length
  if (lines > maxLines) {
    console.log(`${room}/README.md: ${lines} lines, at most ${maxLines}`)
    findings++
  }
}

const folders = ['src', 'test', 'examples', 'charts'].filter((folder) => existsSync(join(root, folder)))
const pages = [
  ...readdirSync(root),
  ...folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)),
  ),
].filter((file) => file.endsWith('.md'))
for (const page of pages) {
  const from = [dirname(page), '.', 'src', 'src/proxy']
  for (const [, file] of readFileSync(join(root, page), 'utf8').matchAll(/`([\w@./-]+\.(?:ts|mjs|md))(?::\d+)?`/g)) {
    if (from.some((folder) => existsSync(join(root, folder, file)))) continue
    console.log(`${page}: there is no ${file}`)
    findings++
  }
}
console.log(`${rooms.length} rooms, ${pages.length} pages`)
process.exitCode = findings === 0 ? 0 : 1
