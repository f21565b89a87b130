// One run of load: opens the tunnels, warms up, counts for a while, finishes what is under way. Every answer is checked.

import { performance } from 'node:perf_hooks'
import { Dialler } from './dialler.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { HoldJob, LoadJob, LoadReport } from './load-job.ts'
import { CpuMeter, readMachineBusyNs, readMemory } from './process-usage.ts'
import { Tunnel, type TunnelOwner } from './tunnel.ts'

const giveUpMs = 10_000
const reopenDelayMs = 20

abstract class Load implements TunnelOwner {
  readonly errors: Record<string, number> = {}
  protected readonly job: LoadJob | HoldJob
  protected readonly dialler: Dialler
  protected readonly tunnels: Tunnel[] = []
  protected openTunnels = 0
  protected reopenedTunnels = 0
  protected isStopping = false
  private readonly requests: Buffer[]
  private nextRequest = 0

  constructor(job: LoadJob | HoldJob) {
    this.job = job
    this.dialler = new Dialler(job)
    this.requests = job.paths.map((path) =>
      Buffer.from(
        `GET ${path}?${job.answerBytes} HTTP/1.1\r\nhost: ${job.requestHost}\r\nuser-agent: bench/1\r\n` +
          'accept: */*\r\nx-tenant: blue\r\n\r\n',
        'latin1',
      ),
    )
  }

  abstract onTunnelOpen(tunnel: Tunnel): void
  protected abstract onRightAnswer(tunnel: Tunnel): void

  onTunnelAnswer(tunnel: Tunnel, status: number, bodyBytes: number): void {
    if (status !== 200) this.fail(`status ${status}`)
    else if (bodyBytes !== this.job.answerBytes) this.fail(`${bodyBytes} bytes`)
    this.onRightAnswer(tunnel)
  }

  onTunnelClosed(tunnel: Tunnel, reason: string | undefined): void {
    if (reason !== undefined) this.fail(reason)
    if (this.isStopping) return
    this.reopenedTunnels++
    const successor = new Tunnel(this, tunnel.connectionIndex)
    this.tunnels[this.tunnels.indexOf(tunnel)] = successor
    // A peer that refuses everything must not be dialled in a tight loop.
    if (reason === undefined) this.dialler.open(successor)
    else setTimeout(() => this.isStopping || this.dialler.open(successor), reopenDelayMs)
  }

  protected openAll(): void {
    for (let connection = 0; connection < this.job.connections; connection++) {
      for (let i = 0; i < this.job.tunnelsPerConnection; i++) {
        const tunnel = new Tunnel(this, connection)
        this.tunnels.push(tunnel)
        this.dialler.open(tunnel)
      }
    }
  }

  protected send(tunnel: Tunnel): void {
    const request = this.requests[this.nextRequest]
    this.nextRequest = (this.nextRequest + 1) % this.requests.length
    tunnel.request(request)
  }

  protected fail(reason: string): void {
    this.errors[reason] = (this.errors[reason] ?? 0) + 1
  }

  protected get allTunnels(): number {
    return this.job.connections * this.job.tunnelsPerConnection
  }

  protected async finish(): Promise<void> {
    this.isStopping = true
    const deadline = performance.now() + giveUpMs
    while (performance.now() < deadline && this.tunnels.some((tunnel) => tunnel.isBusy)) await sleep(5)
    for (const tunnel of this.tunnels) {
      if (tunnel.isBusy) this.fail('no answer')
      tunnel.finish()
    }
    await sleep(20)
    await this.dialler.close()
  }
}

abstract class CountedLoad extends Load {
  protected readonly latency = new LatencyHistogram()
  protected readonly clockLag = new LatencyHistogram()
  protected isCounting = false
  protected answers = 0
  protected override readonly job: LoadJob

  constructor(job: LoadJob) {
    super(job)
    this.job = job
  }

  /** `onCounting` is called when the warm-up is over. */
  async run(onCounting: () => void): Promise<LoadReport> {
    this.openAll()
    await this.untilOpen()
    this.begin()
    await sleep(this.job.warmUpMs)
    const meters = this.job.watchedPids.map((pid) => ({ pid, meter: new CpuMeter(pid) }))
    const busyBefore = readMachineBusyNs()
    const ownBefore = process.cpuUsage()
    for (const { meter } of meters) meter.start()
    const startedAt = performance.now()
    this.isCounting = true
    onCounting()
    await sleep(this.job.countMs)
    this.isCounting = false
    const elapsedMs = performance.now() - startedAt
    const processes = meters.map(({ pid, meter }) => ({ pid, cpuNs: meter.read(), ...readMemory(pid) }))
    const own = process.cpuUsage(ownBefore)
    const machineBusyNs = readMachineBusyNs() - busyBefore
    await this.finish()
    return {
      answers: this.answers,
      elapsedMs,
      p50Us: this.latency.quantileUs(0.5),
      p99Us: this.latency.quantileUs(0.99),
      maxUs: this.latency.maxUs,
      errors: this.errors,
      reopenedTunnels: this.reopenedTunnels,
      reopenedConnections: this.dialler.openedConnections - this.firstConnections,
      clockLagP99Us: this.clockLag.quantileUs(0.99),
      processes,
      generatorCpuNs: (own.user + own.system) * 1000,
      machineBusyNs,
    }
  }

  protected abstract begin(): void

  protected count(latencyMs: number): void {
    if (!this.isCounting) return
    this.answers++
    this.latency.record(latencyMs * 1000)
  }

  private get firstConnections(): number {
    return this.job.carrier === 'hbone' ? this.job.connections : this.allTunnels
  }

  private async untilOpen(): Promise<void> {
    const deadline = performance.now() + giveUpMs
    while (this.tunnels.some((tunnel) => !tunnel.isOpen)) {
      if (performance.now() > deadline) throw new Error(`tunnels did not open: ${JSON.stringify(this.errors)}`)
      await sleep(5)
    }
  }
}

/** Every tunnel always has one request under way. */
class ClosedLoop extends CountedLoad {
  private hasBegun = false

  protected begin(): void {
    this.hasBegun = true
    for (const tunnel of this.tunnels) if (tunnel.isOpen) this.next(tunnel)
  }

  onTunnelOpen(tunnel: Tunnel): void {
    if (this.hasBegun && !this.isStopping) this.next(tunnel)
  }

  protected onRightAnswer(tunnel: Tunnel): void {
    this.count(performance.now() - tunnel.sentAtMs)
    if (!this.isStopping && tunnel.isOpen) this.next(tunnel)
  }

  private next(tunnel: Tunnel): void {
    tunnel.sentAtMs = performance.now()
    this.send(tunnel)
  }
}

/**
 * Each connection sends at its own pace, whether or not answers come: a request that finds all tunnels of its connection busy
 * waits, and its latency counts from when it was due. Connections are out of phase with one another.
 */
class OpenLoop extends CountedLoad {
  private readonly idle: Tunnel[][] = []
  private readonly queued: number[][] = []
  private readonly nextDueMs: number[] = []
  private intervalMs = 0
  private ticker: NodeJS.Timeout | undefined

  protected begin(): void {
    const { pace, connections } = this.job
    this.intervalMs = 1000 / (pace.kind === 'open' ? pace.perSecondPerConnection : 1)
    const now = performance.now()
    for (let i = 0; i < connections; i++) {
      this.nextDueMs.push(now + (this.intervalMs * i) / connections)
      this.queued.push([])
      this.idle.push(this.tunnels.filter((tunnel) => tunnel.connectionIndex === i && tunnel.isOpen))
    }
    this.ticker = setInterval(() => this.tick(), 1)
  }

  onTunnelOpen(tunnel: Tunnel): void {
    if (this.ticker !== undefined) this.release(tunnel)
  }

  protected onRightAnswer(tunnel: Tunnel): void {
    this.count(performance.now() - tunnel.sentAtMs)
    if (tunnel.isOpen) this.release(tunnel)
  }

  override onTunnelClosed(tunnel: Tunnel, reason: string | undefined): void {
    const idle = this.idle[tunnel.connectionIndex]
    const at = idle?.indexOf(tunnel) ?? -1
    if (at >= 0) idle.splice(at, 1)
    super.onTunnelClosed(tunnel, reason)
  }

  protected override async finish(): Promise<void> {
    clearInterval(this.ticker)
    await super.finish()
  }

  private tick(): void {
    const now = performance.now()
    for (let i = 0; i < this.nextDueMs.length; i++) {
      while (this.nextDueMs[i] <= now) {
        const due = this.nextDueMs[i]
        this.nextDueMs[i] += this.intervalMs
        if (this.isCounting) this.clockLag.record((now - due) * 1000)
        // The clock's lag is the generator's own and reported beside; a request is due when the tick came that noticed it.
        const tunnel = this.idle[i].pop()
        if (tunnel === undefined) this.queued[i].push(now)
        else this.start(tunnel, now)
      }
    }
  }

  private release(tunnel: Tunnel): void {
    const waiting = this.queued[tunnel.connectionIndex].shift()
    if (waiting === undefined || this.isStopping) this.idle[tunnel.connectionIndex].push(tunnel)
    else this.start(tunnel, waiting)
  }

  private start(tunnel: Tunnel, dueMs: number): void {
    tunnel.sentAtMs = dueMs
    this.send(tunnel)
  }
}

/** Opens tunnels one after another, one request on each, and keeps them. */
export class Hold extends Load {
  private waiting: (() => void) | undefined

  async open(): Promise<number> {
    for (let i = 0; i < this.allTunnels; i++) {
      const tunnel = new Tunnel(this, i % this.job.connections)
      this.tunnels.push(tunnel)
      await new Promise<void>((resolve) => {
        this.waiting = resolve
        this.dialler.open(tunnel)
      })
    }
    return this.tunnels.filter((tunnel) => tunnel.isOpen).length
  }

  async release(): Promise<void> {
    await this.finish()
  }

  onTunnelOpen(tunnel: Tunnel): void {
    this.send(tunnel)
  }

  protected onRightAnswer(): void {
    this.waiting?.()
  }

  override onTunnelClosed(_tunnel: Tunnel, reason: string | undefined): void {
    if (!this.isStopping) this.fail(reason ?? 'closed while idle')
    this.waiting?.()
  }
}

export function runLoad(job: LoadJob, onCounting: () => void): Promise<LoadReport> {
  const load = job.pace.kind === 'closed' ? new ClosedLoop(job) : new OpenLoop(job)
  return load.run(onCounting)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
