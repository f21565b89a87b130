// Watches a proxy's memory from outside and says whether it is flat.

import { get } from 'node:http'
import { readMemory } from '../bench/load/process-usage.ts'
import { median } from '../bench/scenario.ts'

export interface MemorySample {
  seconds: number
  rssBytes: number
  /** `server.memory_allocated` of the proxy's own statistics; 0 where it has none. */
  allocatedBytes: number
}

export interface Verdict {
  what: string
  secondQuarter: number
  lastQuarter: number
  growth: number
  isFlat: boolean
}

const maxGrowth = 1.1

export class MemoryWatch {
  readonly samples: MemorySample[] = []
  private readonly pid: number
  private readonly adminPort: number
  private readonly startedAt = Date.now()
  private timer: NodeJS.Timeout | undefined

  constructor(pid: number, adminPort: number) {
    this.pid = pid
    this.adminPort = adminPort
  }

  start(intervalMs: number): void {
    this.timer = setInterval(() => void this.sample(), intervalMs)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private async sample(): Promise<void> {
    const seconds = Math.round((Date.now() - this.startedAt) / 100) / 10
    const { rssBytes } = readMemory(this.pid)
    const stats = await readStats(this.adminPort, 'server.memory_allocated')
    this.samples.push({ seconds, rssBytes, allocatedBytes: stats.get('server.memory_allocated') ?? 0 })
  }
}

/** Compares the medians of the second and the last quarter: the first may grow, caches and pools fill. */
export function judge(samples: MemorySample[]): Verdict[] {
  const quarter = Math.floor(samples.length / 4)
  const compare = (what: string, valueOf: (sample: MemorySample) => number): Verdict => {
    const secondQuarter = median(samples.slice(quarter, 2 * quarter).map(valueOf))
    const lastQuarter = median(samples.slice(-quarter).map(valueOf))
    const growth = lastQuarter / secondQuarter
    return { what, secondQuarter, lastQuarter, growth, isFlat: growth <= maxGrowth }
  }
  const verdicts = [compare('RSS', (sample) => sample.rssBytes)]
  if (samples.some((sample) => sample.allocatedBytes > 0)) {
    verdicts.push(compare('allocated', (sample) => sample.allocatedBytes))
  }
  return verdicts
}

/** Counters and gauges of the admin interface whose names contain `part`; empty when it does not answer. */
export function readStats(adminPort: number, part: string): Promise<Map<string, number>> {
  return new Promise((resolve) => {
    const stats = new Map<string, number>()
    const request = get(
      { host: '127.0.0.1', port: adminPort, path: '/stats', agent: false, timeout: 5000 },
      (response) => {
        let text = ''
        response.setEncoding('latin1')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          for (const line of text.split('\n')) {
            const [name, value] = line.split(': ')
            if (name.includes(part) && /^\d+$/.test(value ?? '')) stats.set(name, Number(value))
          }
          resolve(stats)
        })
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(stats))
  })
}
