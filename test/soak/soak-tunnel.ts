// A CONNECT tunnel as the soak's clients use it: one call per request, and the ways to misbehave. Rejections name what went
// wrong; only `reset`, called by the client itself, makes them expected.

import { AnswerReader } from '../bench/load/answer-reader.ts'
import { bodyPattern } from '../bench/load/application.ts'
import type { Http2Link, LinkStream } from '../bench/load/http2-link.ts'

export interface Answer {
  status: number
  bodyBytes: number
  /** The peer said `Connection: close`. */
  isLast: boolean
}

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

export class SoakTunnel {
  readonly stream: LinkStream
  /** True until the peer or this side ended it; a tunnel that the peer closed between two requests is simply no longer open. */
  isOpen = false
  /** Bytes received in all; for clients that leave in the middle. */
  receivedBytes = 0
  /** Takes the bytes instead of the answer reader: for another protocol inside. */
  onBytes: ((chunk: Buffer, start: number, end: number) => void) | undefined
  onProgress: (() => void) | undefined
  onClosed: (() => void) | undefined
  private readonly reader = new AnswerReader()
  private readonly opened: Promise<void>
  private waiting: Waiting | undefined

  private constructor(link: Http2Link, block: Buffer) {
    this.reader.expectedBody = bodyPattern
    let resolveOpened: () => void
    let rejectOpened: (error: Error) => void
    this.opened = new Promise((resolve, reject) => {
      resolveOpened = resolve
      rejectOpened = reject
    })
    this.stream = link.open(block, {
      onHeaders: (status) => {
        this.isOpen = status === 200
        if (status === 200) resolveOpened()
        else if (status >= 200) rejectOpened(new Error(`CONNECT answered ${status}`))
      },
      onData: (chunk, start, end) => this.receive(chunk, start, end),
      onEnd: () => {
        this.stream.end()
        rejectOpened(new Error('tunnel ended before it was open'))
        this.lose('tunnel ended')
      },
      onReset: (code) => {
        rejectOpened(new Error(`tunnel reset ${code} before it was open`))
        this.lose(`tunnel reset ${code}`)
      },
    })
  }

  static async open(link: Http2Link, block: Buffer): Promise<SoakTunnel> {
    const tunnel = new SoakTunnel(link, block)
    await tunnel.opened
    return tunnel
  }

  /** Sends a request (head and body) and resolves with its answer, whose body was compared with the pattern. */
  request(head: string, body?: Buffer): Promise<Answer> {
    const bytes = Buffer.from(head, 'latin1')
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.stream.send(bytes, 0, bytes.length)
      if (body !== undefined) this.stream.send(body, 0, body.length)
    })
  }

  send(bytes: Buffer): void {
    this.stream.send(bytes, 0, bytes.length)
  }

  end(): void {
    this.isOpen = false
    this.stream.end()
  }

  /** Leaves at once; a request under way is given up. */
  reset(): void {
    this.isOpen = false
    this.stream.reset(8)
    this.waiting?.resolve({ status: 0, bodyBytes: 0, isLast: true })
    this.waiting = undefined
  }

  private receive(chunk: Buffer, start: number, end: number): void {
    this.receivedBytes += end - start
    this.onProgress?.()
    if (this.onBytes !== undefined) {
      this.onBytes(chunk, start, end)
      return
    }
    this.reader.read(chunk, start, end, {
      onAnswer: (status, bodyBytes, isLast) => {
        const { waiting } = this
        this.waiting = undefined
        if (isLast) this.end()
        waiting?.resolve({ status, bodyBytes, isLast })
      },
      onMalformed: (reason) => this.lose(reason),
    })
  }

  private lose(reason: string): void {
    this.isOpen = false
    this.onClosed?.()
    const where = this.reader.isInside ? 'within an answer' : 'before an answer'
    this.waiting?.reject(new Error(`${reason} ${where}`))
    this.waiting = undefined
  }
}
