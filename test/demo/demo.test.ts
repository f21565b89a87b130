// `cairn demo` as a user runs it: a process of its own with a real waypoint below it, an edit while it runs, Ctrl-C.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'

const root = join(import.meta.dirname, '../..')
/** The Pods of the demo have fixed ports; another address keeps them apart from a demo that runs beside this test. */
const podAddress = '127.78.3.1'
const podPorts = [20801, 20802, 20803, 20901, 20902, 20903]

let folder = ''
let demo: RunningDemo | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-demo-test-'))
  cpSync(join(root, 'examples/demo'), folder, { recursive: true })
  rewrite('mesh.yaml', '127.0.0.1', podAddress)
})
afterEach(async () => {
  await demo?.kill()
  demo = undefined
  rmSync(folder, { recursive: true, force: true })
})

function rewrite(file: string, from: string, to: string): void {
  const text = readFileSync(join(folder, file), 'utf8')
  expect(text).toContain(from)
  writeFileSync(join(folder, file), text.replaceAll(from, to))
}

class RunningDemo {
  output = ''
  private readonly child: ChildProcess
  private readonly exited: Promise<unknown[]>

  constructor(...options: string[]) {
    const args = [join(root, 'src/cli/main.ts'), 'demo', '--examples', folder, '--port', '28900', ...options]
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.exited = once(this.child, 'exit')
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
  }

  async until(text: string): Promise<void> {
    const found = await eventually(() => this.output.includes(text) || this.child.exitCode !== null, 30_000)
    if (!found || !this.output.includes(text)) throw new Error(`no "${text}" in:\n${this.output}`)
  }

  /** What the one group of `pattern` matches in the output. */
  printed(pattern: RegExp): string {
    const found = pattern.exec(this.output)
    if (found === null) throw new Error(`no ${String(pattern)} in:\n${this.output}`)
    return found[1]
  }

  async exitCode(): Promise<number | null> {
    const [code] = await this.exited
    return code as number | null
  }

  interrupt(): Promise<number | null> {
    this.child.kill('SIGINT')
    return this.exitCode()
  }

  async kill(): Promise<void> {
    this.child.kill('SIGTERM')
    await this.exited
  }
}

interface EchoReply {
  status: number
  route: string
  backend: string
}

/** GET, as curl would send it. */
function send(url: string): Promise<EchoReply> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5_000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve(replyOf(response, body)))
    })
    request.on('timeout', () => request.destroy(new Error(`${url}: no answer`)))
    request.on('error', reject)
  })
}

function replyOf({ statusCode = 0, headers }: IncomingMessage, body: string): EchoReply {
  const { service, version } = JSON.parse(statusCode === 200 ? body : '{}') as { service?: string; version?: string }
  return { status: statusCode, route: String(headers['x-route']), backend: `${service}-${version}` }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const tell = (accepted: boolean) => () => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', tell(true))
    socket.once('error', tell(false))
  })
}

test('run once it answers every request as its example expects, and ends', async () => {
  demo = new RunningDemo('--once')
  const code = await demo.exitCode()
  expect([code, demo.output]).toEqual([0, expect.stringContaining('8 of 8 answered as expected')])
}, 60_000)

test('an edit of the routes shows without a restart and without a lost request, and Ctrl-C ends every process', async () => {
  demo = new RunningDemo()
  await demo.until('write reviews-v2 in place of reviews-v1')
  expect(demo.output).toContain('8 of 8 answered as expected')
  const url = demo.printed(/curl .*(http:\/\/\S+\/reviews\/1)/)
  const adminPort = Number(demo.printed(/Admin: http:\/\/127\.0\.0\.1:(\d+)\//))
  const logFile = demo.printed(/log: (\S+)/)
  expect(await send(url)).toEqual({ status: 200, route: 'stable', backend: 'reviews-v1' })
  expect([await accepts('127.0.0.1', adminPort), existsSync(logFile)]).toEqual([true, true])

  rewrite('routes.yaml', '- { name: reviews-v1, port: 80 } #', '- { name: reviews-v2, port: 80 } #')
  const wrong: EchoReply[] = []
  const changed = await eventually(async () => {
    const reply = await send(url)
    if (reply.status !== 200 || reply.route !== 'stable') wrong.push(reply)
    return reply.backend === 'reviews-v2'
  }, 10_000)
  expect([changed, wrong]).toEqual([true, []])
  expect(await send(url)).toEqual({ status: 200, route: 'stable', backend: 'reviews-v2' })

  expect(await demo.interrupt()).toBe(0)
  const left: string[] = []
  for (const port of podPorts) if (await accepts(podAddress, port)) left.push(`${podAddress}:${port}`)
  for (const port of [adminPort, Number(new URL(url).port)]) if (await accepts('127.0.0.1', port)) left.push(`${port}`)
  expect([left, existsSync(dirname(logFile))]).toEqual([[], false])
}, 60_000)
