// Everything that stands around the proxies of one bench: a directory for files, identities, the backend. And the two things
// one does with it: start a proxy, put load on an address.

import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Identity, type IdentityFiles, MeshAuthority, writeIdentity } from '../support/certificates.ts'
import { freePort, ProxyProcess } from '../support/proxy-process.ts'
import type { BackendArguments, BackendPorts } from './load/backend.ts'
import type { FromGenerator, LoadJob, LoadReport, ToGenerator } from './load/load-job.ts'
import { forkOnLoadCore, nextMessage, pinnedCommand, subjectCore } from './pinned.ts'
import type { Subject } from './subject.ts'
import type { ListenerPorts } from './waypoint-config.ts'

const backendScript = join(import.meta.dirname, 'load/backend.ts')
export const generatorScript = join(import.meta.dirname, 'load/generator.ts')

export interface RunningSubject {
  subject: Subject
  pid: number
  ports: ListenerPorts
  configFile: string
  stop(): Promise<void>
}

export class Rig {
  readonly directory: string
  readonly client: IdentityFiles
  readonly clientIdentity: Identity
  readonly proxy: IdentityFiles
  readonly backendHost: string
  readonly backend: BackendPorts
  readonly backendPid: number
  private readonly backendProcess: ChildProcess
  private readonly children = new Set<{ stop(): Promise<void> }>()

  private readonly onSignal = () => void this.tearDown().finally(() => process.exit(130))

  private constructor(
    directory: string,
    identities: { client: Identity; clientFiles: IdentityFiles; proxy: IdentityFiles },
    backendHost: string,
    backendProcess: ChildProcess,
    backend: BackendPorts,
  ) {
    this.directory = directory
    this.client = identities.clientFiles
    this.clientIdentity = identities.client
    this.proxy = identities.proxy
    this.backendHost = backendHost
    this.backendProcess = backendProcess
    this.backendPid = backendProcess.pid!
    this.backend = backend
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, this.onSignal)
  }

  /** `hbonePort` 0 takes a free one. */
  static async build(backendHost = '127.0.0.1', hbonePort = 0): Promise<Rig> {
    const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
    const authority = await MeshAuthority.create()
    const write = async (account: string) =>
      writeIdentity(join(directory, account), await authority.issue('bench', account))
    const client = await authority.issue('bench', 'client')
    const clientFiles = writeIdentity(join(directory, 'client'), client)
    const identities = { client, clientFiles, proxy: await write('waypoint') }
    const backendIdentity = await write('app')
    const args: BackendArguments = { identity: backendIdentity, host: backendHost, hbonePort, plainPort: 0 }
    const child = forkOnLoadCore(backendScript, [JSON.stringify(args)])
    const ports = await nextMessage<BackendPorts>(child)
    return new Rig(directory, identities, backendHost, child, ports)
  }

  /** Starts a proxy on the subject's core with the configuration made for its ports; resolves when it is ready. */
  async start(subject: Subject, name: string, configure: (ports: ListenerPorts) => object): Promise<RunningSubject> {
    const ports = { adminPort: await freePort(), listenPort: await freePort() }
    const configFile = join(this.directory, `${name}-${subject.name}.json`)
    writeFileSync(configFile, JSON.stringify(configure(ports)))
    const [program, ...rest] = subject.command(configFile)
    const [pinned, args] = pinnedCommand(subjectCore, program, rest)
    const proxy = await ProxyProcess.start({
      program: pinned,
      args,
      admin: { host: '127.0.0.1', port: ports.adminPort },
      logFile: `${configFile}.log`,
    })
    const running = {
      subject,
      pid: proxy.pid,
      ports,
      configFile,
      stop: async () => {
        this.children.delete(running)
        await proxy.stop()
      },
    }
    this.children.add(running)
    return running
  }

  /** One run of load in a generator process of its own. */
  async load(job: LoadJob, onCounting?: () => void): Promise<LoadReport> {
    const generator = forkOnLoadCore(generatorScript)
    const ended = new Promise((resolve) => generator.once('exit', resolve))
    generator.send({ job } satisfies ToGenerator)
    try {
      let message = await nextMessage<FromGenerator>(generator)
      if ('counting' in message) {
        onCounting?.()
        message = await nextMessage<FromGenerator>(generator)
      }
      if (!('report' in message)) throw new Error(`unexpected message ${JSON.stringify(message)}`)
      await ended
      return message.report
    } catch (error) {
      generator.kill('SIGKILL')
      throw error
    }
  }

  /** Ends every process and removes every file. */
  async tearDown(): Promise<void> {
    process.off('SIGINT', this.onSignal).off('SIGTERM', this.onSignal)
    for (const child of [...this.children]) await child.stop()
    const ended = new Promise((resolve) => this.backendProcess.once('exit', resolve))
    if (this.backendProcess.connected) this.backendProcess.disconnect()
    if (this.backendProcess.exitCode === null) await ended
    rmSync(this.directory, { recursive: true, force: true })
  }
}
