// Runs one proxy under test as a child process: starts it, waits until its admin interface says it is ready, stops it.
// It knows nothing of what the proxy is configured to do.

import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ProxyCommand {
  readonly program: string
  readonly args: readonly string[]
  /** The admin address, whose `/ready` answers 200 once the proxy serves. */
  readonly admin: { readonly host: string; readonly port: number }
  /** Where standard output and standard error go. */
  readonly logFile: string
  readonly readyTimeoutMs?: number
}

/** A running proxy. Make one with `ProxyProcess.start`. */
export class ProxyProcess {
  readonly pid: number
  private readonly child: ChildProcess
  private readonly log: WriteStream
  private exit: string | undefined

  private constructor(child: ChildProcess, log: WriteStream) {
    this.child = child
    this.log = log
    this.pid = child.pid ?? -1
    child.on('exit', (code, signal) => (this.exit = `exit code ${code ?? '-'}, signal ${signal ?? '-'}`))
    child.on('error', (error) => (this.exit = error.message))
  }

  /** Resolves when `/ready` answers 200; throws with the end of the proxy's own log when it exits or is too slow. */
  static async start(command: ProxyCommand): Promise<ProxyProcess> {
    const log = createWriteStream(command.logFile)
    const child = spawn(command.program, command.args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    const proxy = new ProxyProcess(child, log)
    const deadline = Date.now() + (command.readyTimeoutMs ?? 30_000)
    while (!(await isReady(command.admin))) {
      if (proxy.exit === undefined && Date.now() < deadline) {
        await delay(20)
        continue
      }
      await proxy.stop()
      const reason = proxy.exit ?? 'not ready in time'
      throw new Error(`${command.program}: ${reason}\n${(await readFile(command.logFile, 'utf8')).slice(-4000)}`)
    }
    return proxy
  }

  /** How the process ended, or undefined while it runs. */
  get ended(): string | undefined {
    return this.exit
  }

  /** Ends the process with SIGTERM, after two seconds with SIGKILL. */
  async stop(): Promise<void> {
    const gone = this.exit === undefined ? new Promise((resolve) => this.child.once('exit', resolve)) : undefined
    if (gone !== undefined) {
      this.child.kill('SIGTERM')
      const kill = setTimeout(() => this.child.kill('SIGKILL'), 2_000)
      await gone
      clearTimeout(kill)
    }
    await new Promise((resolve) => this.log.end(resolve))
  }
}

function isReady(admin: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ ...admin, path: '/ready', agent: false, timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}

/** A TCP port that was free on `host` a moment ago. */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
