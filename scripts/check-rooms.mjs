// Every room of the house (a folder of src/, and of src/proxy/ and src/codec/) has a README.md of at most 20 lines.

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
console.log(`${rooms.length} rooms`)
process.exitCode = findings === 0 ? 0 : 1
