// The soak's clients: each kind of traffic is a loop that runs until it is told to stop, and counts what it did and what failed.

import { setTimeout as delay } from 'node:timers/promises'
import { encodeHeaderBlock } from '../bench/load/frame.ts'
import { bodyPattern } from '../bench/load/application.ts'
import { Http2Link } from '../bench/load/http2-link.ts'
import { serviceHost } from '../bench/waypoint-config.ts'
import type { LinkPool } from './link-pool.ts'
import type { Answer, SoakTunnel } from './soak-tunnel.ts'

const kib = 1024
const mib = 1024 * kib
const bigBody = Buffer.alloc(4 * mib, bodyPattern)
const answerTimeoutMs = 60_000

export interface TrafficCounts {
  done: Record<string, number>
  failed: Record<string, number>
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class Traffic {
  readonly counts: TrafficCounts = { done: {}, failed: {} }
  private readonly pool: LinkPool
  private readonly random: () => number
  private readonly loops: Promise<void>[] = []
  private readonly kinds = new Set<string>()
  private isStopping = false

  constructor(pool: LinkPool, random: () => number) {
    this.pool = pool
    this.random = random
  }

  start(): void {
    this.startMany('keep-alive HTTP/1.1', 20, (i) => this.keepAlive(i))
    this.startMany('a tunnel per request', 4, (i) => this.shortTunnel(i))
    this.startMany('a connection per request', 1, () => this.shortConnection())
    this.startMany('h2c inside', 3, (i) => this.h2c(i))
    this.startMany('4 MB answers', 2, (i) => this.download(i))
    this.startMany('4 MB requests', 2, (i) => this.upload(i))
    this.startMany('clients that leave', 4, (i) => this.abort(i))
    this.startMany('slow readers', 4, (i) => this.slowReader(i))
  }

  /** Resolves when every loop has finished what it was doing. */
  async stop(): Promise<void> {
    this.isStopping = true
    await Promise.all(this.loops)
  }

  /** Kinds of which not one was completed. */
  idleKinds(): string[] {
    return [...this.kinds].filter((kind) => this.counts.done[kind] === undefined)
  }

  private startMany(kind: string, count: number, once: (index: number) => Promise<void>): void {
    this.kinds.add(kind)
    for (let i = 0; i < count; i++) this.loops.push(this.loop(kind, () => once(i)))
  }

  private async loop(kind: string, once: () => Promise<void>): Promise<void> {
    while (!this.isStopping) {
      try {
        await withTimeout(once())
        this.counts.done[kind] = (this.counts.done[kind] ?? 0) + 1
      } catch (error) {
        const reason = `${kind}: ${(error as Error).message}`
        this.counts.failed[reason] = (this.counts.failed[reason] ?? 0) + 1
        await delay(100)
      }
    }
  }

  private async keepAlive(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    for (let i = 0; i < 50 && tunnel.isOpen && !this.isStopping; i++) {
      const size = Math.floor(this.random() * 8 * kib)
      expectAnswer(await tunnel.request(get(size)), size)
      await this.think(20)
    }
    tunnel.end()
  }

  private async shortTunnel(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    expectAnswer(await tunnel.request(get(kib)), kib)
    tunnel.end()
    await this.think(20)
  }

  private async shortConnection(): Promise<void> {
    const { tunnel, socket } = await this.pool.openAlone()
    expectAnswer(await tunnel.request(get(kib)), kib)
    socket.end()
    await this.think(200)
  }

  private async download(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    expectAnswer(await tunnel.request(get(bigBody.length)), bigBody.length)
    tunnel.end()
    await this.think(400)
  }

  private async upload(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    expectAnswer(await tunnel.request(post(bigBody.length, 10), bigBody), 10)
    tunnel.end()
    await this.think(400)
  }

  /** Leaves while an answer comes, while a request goes, or without a word to anybody. */
  private async abort(index: number): Promise<void> {
    const way = this.random()
    if (way < 0.4) {
      const tunnel = await this.pool.open(index)
      void tunnel.request(get(mib))
      await progress(tunnel, 64 * kib)
      tunnel.reset()
    } else if (way < 0.7) {
      const tunnel = await this.pool.open(index)
      void tunnel.request(post(bigBody.length, 10), bigBody.subarray(0, mib))
      await this.think(20)
      tunnel.reset()
    } else {
      const { tunnel, socket } = await this.pool.openAlone()
      tunnel.request(get(mib)).catch(() => {})
      await progress(tunnel, 64 * kib)
      socket.destroy()
    }
    await this.think(100)
  }

  /** Grants no credit for a while, so that the answer piles up in front of it; then reads it all. */
  private async slowReader(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    tunnel.stream.autoCredit = false
    const size = 8 * mib
    const answer = tunnel.request(get(size))
    await this.think(3000)
    tunnel.stream.grantCredit()
    expectAnswer(await answer, size)
    tunnel.end()
  }

  /** An HTTP/2 connection with prior knowledge inside the tunnel, four requests at a time. */
  private async h2c(index: number): Promise<void> {
    const tunnel = await this.pool.open(index)
    const link = new Http2Link(
      {
        write: (chunk, written) => {
          // The tunnel may keep bytes until its window opens, and a writer's slab is used again.
          tunnel.send(Buffer.from(chunk))
          written()
        },
        destroy: () => tunnel.reset(),
      },
      'client',
      {
        onStream: () => {
          throw new Error('a server opened a stream')
        },
        onGoAway: () => {},
      },
    )
    tunnel.onBytes = (chunk, start, end) => link.receive(chunk, start, end)
    tunnel.onClosed = () => link.close()
    for (let i = 0; i < 20 && tunnel.isOpen && !link.isDraining && !this.isStopping; i++) {
      await Promise.all([0, 1, 2, 3].map(() => h2cRequest(link, Math.floor(this.random() * 16 * kib))))
      await this.think(50)
    }
    link.goAway()
    tunnel.end()
  }

  private think(maxMs: number): Promise<void> {
    return this.isStopping ? Promise.resolve() : delay(this.random() * maxMs)
  }
}

function get(answerBytes: number): string {
  return `GET /bench/soak?${answerBytes} HTTP/1.1\r\nhost: ${serviceHost}\r\naccept: */*\r\n\r\n`
}

function post(bodyBytes: number, answerBytes: number): string {
  return (
    `POST /bench/soak?${answerBytes} HTTP/1.1\r\nhost: ${serviceHost}\r\ncontent-type: application/octet-stream\r\n` +
    `content-length: ${bodyBytes}\r\n\r\n`
  )
}

function h2cRequest(link: Http2Link, answerBytes: number): Promise<void> {
  const block = encodeHeaderBlock([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', `/bench/soak?${answerBytes}`],
    [':authority', serviceHost],
  ])
  return new Promise((resolve, reject) => {
    let received = 0
    const finish = () => {
      if (received === answerBytes) resolve()
      else reject(new Error(`${received} bytes instead of ${answerBytes}`))
    }
    link.open(
      block,
      {
        onHeaders: (status) => status === 200 || reject(new Error(`status ${status}`)),
        onData: (_chunk, start, end) => (received += end - start),
        onEnd: finish,
        onReset: (code) => reject(new Error(`stream reset ${code}`)),
      },
      true,
    )
  })
}

function expectAnswer(answer: Answer, bodyBytes: number): void {
  if (answer.status !== 200) throw new Error(`status ${answer.status}`)
  if (answer.bodyBytes !== bodyBytes) throw new Error(`${answer.bodyBytes} bytes instead of ${bodyBytes}`)
}

/** Resolves when so much came, or when the tunnel is closed. */
function progress(tunnel: SoakTunnel, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    tunnel.onProgress = () => {
      if (tunnel.receivedBytes >= bytes) resolve()
    }
    tunnel.onClosed = resolve
  })
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${answerTimeoutMs / 1000} s`)), answerTimeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
