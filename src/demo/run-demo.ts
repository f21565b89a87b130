// `cairn demo`: a mesh on loopback with a real waypoint in the middle. Starts it, sends the scripted requests, shows what
// became of them, and stays until Ctrl-C.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { colored, table, type Terminal } from '../lib/terminal.ts'
import { writeCredentials } from './certificate-authority.ts'
import type { DemoOptions } from './demo-options.ts'
import type { EchoAnswer } from './echo-service.ts'
import { type DemoMesh, startMesh } from './mesh.ts'
import {
  type Answer,
  countBackends,
  curlCommand,
  parseRequests,
  type ScriptedRequest,
  verdict,
} from './scripted-requests.ts'
import { readTopology } from './topology.ts'
import { cairnProxy, freePort, type WaypointCommand, WaypointProcess } from './waypoint-process.ts'

const answerTimeoutMs = 10_000

/** Resolves with 0 when every answer was as expected, or 1. */
export async function runDemo(
  { once, folder, firstPort }: DemoOptions,
  terminal: Terminal,
  command: WaypointCommand = cairnProxy,
): Promise<number> {
  const startedAt = Date.now()
  const temporary = mkdtempSync(join(tmpdir(), 'cairn-demo-'))
  const interrupted = nextInterrupt()
  let mesh: DemoMesh | undefined
  let waypoint: WaypointProcess | undefined
  try {
    const topology = readTopology(folder)
    const requests = parseRequests(readFileSync(join(folder, 'requests.txt'), 'utf8'))
    const listenPort = await freePort()
    const callers = new Set(requests.map(({ caller }) => caller).filter((caller) => caller !== undefined))
    mesh = await startMesh(topology, { host: '127.0.0.1', port: listenPort }, firstPort, [...callers])
    const certs = join(temporary, 'certs')
    const logFile = join(temporary, 'waypoint.log')
    writeCredentials(certs, mesh.waypointCredentials)
    const adminPort = await freePort()
    waypoint = new WaypointProcess(
      { ...topology.waypoint, resources: folder, certs, listenPort, adminPort, logFile },
      command,
    )
    await Promise.race([waypoint.ready(), interrupted.then(() => Promise.reject(new Error('interrupted')))])
    terminal.out(`The mesh is up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s.\n\n`)
    const failures = await sendAll(requests, mesh, terminal)
    if (!once) {
      printInvitation({ requests, mesh, folder, adminPort, logFile, terminal })
      await interrupted
    }
    return failures === 0 ? 0 : 1
  } catch (error) {
    terminal.err(`${colored(terminal, 'red', 'The demo failed:')} ${(error as Error).message}\n`)
    return 1
  } finally {
    await waypoint?.end()
    await mesh?.close()
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Sends every request, prints the table, and resolves with how many were not answered as expected. */
async function sendAll(requests: readonly ScriptedRequest[], mesh: DemoMesh, terminal: Terminal): Promise<number> {
  const rows: string[][] = [['service', 'request', 'route', 'backend', 'answer', '']]
  const problems: string[] = []
  for (const request of requests) {
    const port = mesh.portOf(request.service, request.caller)
    if (port === undefined) throw new Error(`requests.txt names the service ${request.service}, which does not exist`)
    const answers: Answer[] = []
    for (let sent = 0; sent < request.times; sent++) answers.push(await send(request, port))
    const problem = verdict(request, answers)
    if (problem !== undefined) problems.push(`${request.method} ${request.path}: ${problem}`)
    rows.push([
      request.service,
      describe(request),
      answers[0].route ?? '-',
      countBackends(answers),
      answerText(answers[0]),
      problem === undefined ? '' : `<- ${problem}`,
    ])
  }
  const [head, ...lines] = table(rows)
  terminal.out(`${colored(terminal, 'bold', head)}\n`)
  for (const line of lines) terminal.out(`${line.includes('<- ') ? colored(terminal, 'red', line) : line}\n`)
  const right = requests.length - problems.length
  terminal.out(`\n${right} of ${requests.length} answered as expected\n`)
  return problems.length
}

function send(request: ScriptedRequest, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path } = request
    const headers = { host: request.service, ...Object.fromEntries(request.headers) }
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => {
        const route = response.headers['x-route']
        resolve({ status: response.statusCode ?? 0, route: route?.toString(), backend: backendOf(body) })
      })
      response.on('error', reject)
    })
    sent.setTimeout(answerTimeoutMs, () => sent.destroy(new Error(`${method} ${path} got no answer in 10 s`)))
    sent.on('error', reject)
    sent.end()
  })
}

function backendOf(body: string): string | undefined {
  try {
    const { service, version } = JSON.parse(body) as EchoAnswer
    return version === '' ? service : `${service}-${version}`
  } catch {
    // An answer of the waypoint itself: a text, or nothing.
    return undefined
  }
}

function describe({ caller, times, method, path, headers }: ScriptedRequest): string {
  const count = times === 1 ? '' : `${times} x `
  return [
    ...(caller === undefined ? [] : [`as ${caller}`]),
    `${count}${method} ${path}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ].join('  ')
}

function answerText({ status, backend }: Answer): string {
  return backend === undefined && status >= 400 ? `${status} refused` : String(status)
}

interface Invitation {
  readonly requests: readonly ScriptedRequest[]
  readonly mesh: DemoMesh
  readonly folder: string
  readonly adminPort: number
  readonly logFile: string
  readonly terminal: Terminal
}

/** Three commands to try, and one edit. */
function printInvitation({ requests, mesh, folder, adminPort, logFile, terminal }: Invitation): void {
  const routed = requests.find(({ headers, backends }) => headers.length === 0 && backends.length > 0)
  const refused = requests.find(({ method, status }) => method === 'GET' && status >= 400)
  const byHeader = requests.find(({ headers, backends }) => headers.length > 0 && backends.length > 0)
  const say = (text: string): void => terminal.out(`${text}\n`)
  say(colored(terminal, 'dim', `\nAdmin: http://127.0.0.1:${adminPort}/   log: ${logFile}   end: Ctrl-C\n`))
  for (const request of [routed, refused, byHeader]) {
    if (request === undefined) continue
    say(colored(terminal, 'cyan', curlCommand(request, mesh.portOf(request.service, request.caller) ?? 0)))
  }
  say(editHint(folder))
}

/** What to change in the example: a comment `# Try:` says it at the place where it is to be done. */
function editHint(folder: string): string {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n')
    const at = lines.findIndex((line) => line.includes('# Try: '))
    if (at >= 0) return `${join(folder, file)}:${at + 1}: ${lines[at].slice(lines[at].indexOf('# Try: ') + 7)}`
  }
  return `Edit the files in ${folder} and send the requests again.`
}

function nextInterrupt(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
