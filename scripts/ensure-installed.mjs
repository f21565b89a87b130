// Makes `npm run demo` and `npm test` work on a fresh clone: runs `npm ci` when what is installed is not what
// package-lock.json says. Runs on any Node >= 20, before anything is installed, so it imports nothing but Node itself.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * Why the folder `root` needs an installation, or undefined when it needs none. Contents are compared rather than
 * times, which `git checkout` changes at will: npm records what it installed in `node_modules/.package-lock.json`.
 */
export function reasonToInstall(root) {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return 'node_modules is missing'
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  for (const [path, { version, optional, peer }] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    // Optional packages are those of other platforms; npm leaves them out.
    if (found === undefined && !optional && !peer) return `${path} is not installed`
    if (found !== undefined && found.version !== version) {
      return `${path} has version ${found.version}, package-lock.json has ${version}`
    }
  }
  const extra = Object.keys(installed).find((path) => wanted[path] === undefined)
  if (extra !== undefined) return `${extra} is not in package-lock.json`
  if (!existsSync(join(root, 'node_modules', 'node', 'bin'))) return 'the package `node` is incomplete'
  return undefined
}

function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const reason = reasonToInstall(root)
  if (reason === undefined) return
  const started = Date.now()
  process.stderr.write(`Installing packages with npm ci (${reason}) ...\n`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    process.stderr.write(
      'npm ci failed; the lines above say why. Packages come from the npm registry set up on this machine.\n',
    )
    process.exit(1)
  }
  process.stderr.write(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main()
