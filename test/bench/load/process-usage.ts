// What the kernel says a process has used: CPU time of all its threads in nanoseconds, and memory. Linux only.

import { readdirSync, readFileSync } from 'node:fs'

const tickNs = 10_000_000

/**
 * CPU time of all threads that lived at both moments, from schedstat (ns). Threads that ended in between would be missing, so
 * the process total of /proc/PID/stat (10 ms ticks) stands in when it is larger by more than its resolution.
 */
export class CpuMeter {
  private readonly pid: number
  private threads = new Map<string, number>()
  private totalTicks = 0

  constructor(pid: number) {
    this.pid = pid
  }

  start(): void {
    this.threads = readThreads(this.pid)
    this.totalTicks = readTotalTicks(this.pid)
  }

  /** CPU nanoseconds since `start`. */
  read(): number {
    let sum = 0
    for (const [thread, ns] of readThreads(this.pid)) sum += ns - (this.threads.get(thread) ?? 0)
    const total = (readTotalTicks(this.pid) - this.totalTicks) * tickNs
    return total - sum > 2 * tickNs ? total : sum
  }
}

function readThreads(pid: number): Map<string, number> {
  const threads = new Map<string, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const ns = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]
      threads.set(thread, Number(ns))
    } catch {
      // The thread ended while the directory was read.
    }
  }
  return threads
}

function readTotalTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

export interface Memory {
  rssBytes: number
  peakRssBytes: number
}

export function readMemory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return { rssBytes: readKilobytes(status, 'VmRSS'), peakRssBytes: readKilobytes(status, 'VmHWM') }
}

function readKilobytes(status: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)
  return match === null ? 0 : Number(match[1]) * 1024
}

/** CPU nanoseconds that the whole machine has been busy since boot (10 ms ticks); idle and waiting for disks do not count. */
export function readMachineBusyNs(): number {
  const [user, nice, system, , , irq, softIrq, steal] = readFileSync('/proc/stat', 'latin1')
    .split('\n', 1)[0]
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softIrq + steal) * tickNs
}
