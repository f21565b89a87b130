// Sums up V8 CPU profiles: where a process spent its time, by function and by file, within a span of the monotonic clock.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface CpuProfile {
  nodes: Array<{ id: number; callFrame: { functionName: string; url: string; lineNumber: number } }>
  /** Microseconds of the monotonic clock. */
  startTime: number
  samples: number[]
  timeDeltas: number[]
}

export interface SelfTime {
  functionName: string
  /** Path from the repository's root and line, empty for what is not JavaScript of ours. */
  location: string
  us: number
}

/** Self time by function in all profiles of `directory` (one per thread), longest first. Idle time does not count. */
export function readSelfTimes(directory: string, fromUs: number, toUs: number, root: string): SelfTime[] {
  const times = new Map<string, SelfTime>()
  for (const file of readdirSync(directory)) {
    if (!file.endsWith('.cpuprofile')) continue
    addProfile(JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile, fromUs, toUs, root, times)
  }
  return [...times.values()].sort((a, b) => b.us - a.us)
}

function addProfile(
  profile: CpuProfile,
  fromUs: number,
  toUs: number,
  root: string,
  times: Map<string, SelfTime>,
): void {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  let at = profile.startTime
  profile.samples.forEach((id, i) => {
    at += profile.timeDeltas[i]
    // A sample stands for the time until the next one.
    const us = profile.timeDeltas[i + 1] ?? 0
    const { functionName, url, lineNumber } = frames.get(id)!
    if (at < fromUs || at > toUs || functionName === '(idle)') return
    const location = url === '' ? '' : `${url.replace(`file://${root}/`, '')}:${lineNumber + 1}`
    const key = `${functionName} ${location}`
    const known = times.get(key)
    if (known === undefined) times.set(key, { functionName: functionName || '(anonymous)', location, us })
    else known.us += us
  })
}

/** The same by a coarser key, such as the file or the room. */
export function groupTimes(times: SelfTime[], keyOf: (time: SelfTime) => string): Array<[key: string, us: number]> {
  const groups = new Map<string, number>()
  for (const time of times) groups.set(keyOf(time), (groups.get(keyOf(time)) ?? 0) + time.us)
  return [...groups].sort((a, b) => b[1] - a[1])
}
