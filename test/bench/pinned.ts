// Runs processes on one core each, so that what a proxy costs is not mixed with what its load costs.

import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** The core of the proxy under test, and the core of everything else. */
export const subjectCore = 0
export const loadCore = 1

/** True where `taskset` and a second core exist; otherwise the scheduler decides and the figures are rough. */
export const canPin = availableParallelism() >= 2 && spawnSync('taskset', ['-V']).status === 0

/** The command that runs `program` on `core`. */
export function pinnedCommand(core: number, program: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), program, ...args]] : [program, [...args]]
}

/** Starts a Node script of the harness on the load's core, with an IPC channel. */
export function forkOnLoadCore(script: string, args: readonly string[] = []): ChildProcess {
  const [program, commandArgs] = pinnedCommand(loadCore, process.execPath, [
    '--max-semi-space-size=32',
    '--disable-warning=ExperimentalWarning',
    script,
    ...args,
  ])
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc']
  return spawn(program, commandArgs, { stdio })
}

/** Resolves with the next message of the child; rejects when it ends first. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as T)
    })
  })
}
