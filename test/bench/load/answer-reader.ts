// Reads HTTP/1.1 answers off a tunnel and counts what came: status, body length, whether the peer will close. Not a parser for
// the world: answers framed other than by content-length are reported as unexpected.

import { findHeadEnd } from './http1-head.ts'

const lf = 0x0a
const cr = 0x0d

export interface AnswerHandler {
  /** A complete answer. `isLast`: it said `Connection: close`. */
  onAnswer(status: number, bodyBytes: number, isLast: boolean): void
  /** Bytes that are no answer the harness understands; nothing more is read. */
  onMalformed(reason: string): void
}

export class AnswerReader {
  /** When set, every body byte is compared with it, repeated from its start. */
  expectedBody: Buffer | undefined
  private partialHead = ''
  private remaining = -1
  private status = 0
  private length = 0
  private isLast = false
  private isBroken = false

  /** True between the first byte of an answer and its last. */
  get isInside(): boolean {
    return this.remaining >= 0 || this.partialHead !== ''
  }

  read(chunk: Buffer, start: number, end: number, handler: AnswerHandler): void {
    let at = start
    while (at < end && !this.isBroken) {
      if (this.remaining < 0) {
        at = this.readHead(chunk, at, end, handler)
        if (this.remaining !== 0) continue
      } else {
        const taken = Math.min(this.remaining, end - at)
        if (this.expectedBody !== undefined) this.compare(chunk, at, taken, handler)
        this.remaining -= taken
        at += taken
      }
      if (this.remaining === 0) {
        this.remaining = -1
        handler.onAnswer(this.status, this.length, this.isLast)
      }
    }
  }

  /** Returns where the head ends, or `end` when it goes on in the next chunk. */
  private readHead(chunk: Buffer, start: number, end: number, handler: AnswerHandler): number {
    if (this.partialHead !== '') return this.readSplitHead(chunk, start, end, handler)
    const headEnd = findHeadEnd(chunk, start, end)
    if (headEnd < 0) {
      this.partialHead = chunk.toString('latin1', start, end)
      return end
    }
    this.parseHead(chunk, start, handler)
    return headEnd
  }

  private readSplitHead(chunk: Buffer, start: number, end: number, handler: AnswerHandler): number {
    const had = this.partialHead.length
    const joined = Buffer.from(this.partialHead + chunk.toString('latin1', start, end), 'latin1')
    const headEnd = findHeadEnd(joined, 0, joined.length)
    if (headEnd < 0) {
      this.partialHead = joined.toString('latin1')
      return end
    }
    this.partialHead = ''
    this.parseHead(joined, 0, handler)
    return start + headEnd - had
  }

  private parseHead(head: Buffer, start: number, handler: AnswerHandler): void {
    this.length = -1
    this.isLast = false
    if (head[start] !== 0x48 || head[start + 8] !== 0x20) {
      this.fail('no status line', handler)
      return
    }
    this.status = (head[start + 9] - 48) * 100 + (head[start + 10] - 48) * 10 + head[start + 11] - 48
    let at = nextLine(head, start + 12)
    while (head[at] !== cr) {
      // Only two fields matter: content-length and connection. Both begin with c, and their colons tell them apart.
      if ((head[at] | 0x20) === 0x63) {
        if (head[at + 14] === 0x3a) this.length = readDecimal(head, at + 15)
        else if (head[at + 10] === 0x3a && (head[at + 12] | 0x20) === 0x63) this.isLast = true
      }
      at = nextLine(head, at)
    }
    if (this.length < 0) this.fail(`status ${this.status} without content-length`, handler)
    this.remaining = this.length
  }

  private compare(chunk: Buffer, at: number, taken: number, handler: AnswerHandler): void {
    const expected = this.expectedBody!
    const offset = (this.length - this.remaining) % expected.length
    for (let done = 0; done < taken;) {
      const from = (offset + done) % expected.length
      const size = Math.min(taken - done, expected.length - from)
      if (chunk.compare(expected, from, from + size, at + done, at + done + size) !== 0) {
        this.fail('body altered', handler)
        return
      }
      done += size
    }
  }

  private fail(reason: string, handler: AnswerHandler): void {
    this.isBroken = true
    handler.onMalformed(reason)
  }
}

function nextLine(head: Buffer, from: number): number {
  let at = from
  while (head[at] !== lf) at++
  return at + 1
}

function readDecimal(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === 0x20) at++
  let value = 0
  for (; bytes[at] >= 0x30 && bytes[at] <= 0x39; at++) value = value * 10 + bytes[at] - 48
  return value
}
