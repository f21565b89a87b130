// The waypoint of the demo: the real command, `cairn proxy`, as a child process. Tests put an Envoy in its place.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface WaypointOptions {
  readonly resources: string
  readonly certs: string
  readonly namespace: string
  readonly name: string
  readonly listenPort: number
  readonly adminPort: number
  readonly logFile: string
}

const readyTimeoutMs = 60_000
const pollMs = 50
const endTimeoutMs = 5000

/** The program that runs as the waypoint, and its arguments. */
export type WaypointCommand = (options: WaypointOptions) => readonly string[]

/** As source, or beside this module when bundled (scripts/build.mjs). */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../cli/main.ts' : './cairn.js', import.meta.url),
)

/** `cairn proxy`, as a user would call it. */
export function cairnProxy({ resources, certs, namespace, name, listenPort, adminPort }: WaypointOptions): string[] {
  const args = ['proxy', '--resources', resources, '--certs', certs, '--waypoint', `${namespace}/${name}`]
  args.push('--listen', `127.0.0.1:${listenPort}`, '--admin', `127.0.0.1:${adminPort}`, '--drain-time', '1s')
  return [process.execPath, program, ...args]
}

export class WaypointProcess {
  private readonly child: ChildProcess
  private readonly options: WaypointOptions
  private readonly exited: Promise<void>

  constructor(options: WaypointOptions, command: WaypointCommand = cairnProxy) {
    this.options = options
    const [program, ...args] = command(options)
    const log = openSync(options.logFile, 'a')
    this.child = spawn(program, args, { stdio: ['ignore', log, log] })
    closeSync(log)
    this.exited = new Promise((resolve) => {
      this.child.once('exit', () => resolve())
      this.child.once('error', () => resolve())
    })
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** Resolves once `/ready` answers 200; throws with the end of the log when it ends or takes too long. */
  async ready(): Promise<void> {
    const deadline = Date.now() + readyTimeoutMs
    while (!(await isReady(this.options.adminPort))) {
      const hasEnded = this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined
      if (hasEnded || Date.now() > deadline) {
        const end = readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
        throw new Error(`the waypoint ${hasEnded ? 'ended' : 'was not ready in 60 s'}; its log ends with\n${end}`)
      }
      await delay(pollMs)
    }
  }

  /** Resolves when the process is gone. */
  async end(): Promise<void> {
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), endTimeoutMs)
    await this.exited
    clearTimeout(timer)
  }
}

function isReady(adminPort: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port: adminPort, path: '/ready', agent: false, timeout: 1000 },
      (response) => {
        response.resume()
        response.once('close', () => resolve(response.statusCode === 200))
      },
    )
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}

/** A port that was free a moment ago, for a process that cannot tell which one it got. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
