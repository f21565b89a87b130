// The application behind the waypoint: answers HTTP/1.1 requests that come off a byte stream. `GET /any/path?1024` is answered
// with 1,024 bytes, a request with a body after the whole body came. Everything it sends is prepared beforehand.

import { findHeadEnd } from './http1-head.ts'

/** Takes `chunk[start…end)`, which stays unchanged for ever. */
export interface AnswerSender {
  send(chunk: Buffer, start: number, end: number): void
}

/** The repeated content of every body; a prime length, so that lost or doubled blocks show. */
export const bodyPattern = Buffer.from(Array.from({ length: 251 }, (_, i) => 97 + (i % 26)))

const questionMark = 0x3f
const space = 0x20
const letterG = 0x47
const answers = new Map<number, Buffer>()
const continueAnswer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')

export class Application {
  private readonly sender: AnswerSender
  private partialHead = ''
  private bodyLeft = 0
  private answerBytes = 0

  constructor(sender: AnswerSender) {
    this.sender = sender
  }

  receive(chunk: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.bodyLeft > 0) {
        const taken = Math.min(this.bodyLeft, end - at)
        this.bodyLeft -= taken
        at += taken
        if (this.bodyLeft === 0) this.answer()
        continue
      }
      if (this.partialHead !== '') {
        const joined = Buffer.from(this.partialHead + chunk.toString('latin1', at, end), 'latin1')
        this.partialHead = ''
        this.receive(joined, 0, joined.length)
        return
      }
      const headEnd = findHeadEnd(chunk, at, end)
      if (headEnd < 0) {
        this.partialHead = chunk.toString('latin1', at, end)
        return
      }
      this.readHead(chunk, at, headEnd)
      at = headEnd
    }
  }

  private readHead(chunk: Buffer, start: number, end: number): void {
    let at = start
    while (chunk[at] !== space) at++
    at++
    while (chunk[at] !== questionMark && chunk[at] !== space) at++
    this.answerBytes = 0
    for (at++; chunk[at] >= 0x30 && chunk[at] <= 0x39; at++) this.answerBytes = this.answerBytes * 10 + chunk[at] - 48
    if (chunk[start] !== letterG) this.bodyLeft = this.readBodyLength(chunk, start, end)
    if (this.bodyLeft === 0) this.answer()
  }

  private readBodyLength(chunk: Buffer, start: number, end: number): number {
    const head = chunk.toString('latin1', start, end)
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)
    if (/\r\nexpect: *100-continue\r\n/i.test(head)) this.sender.send(continueAnswer, 0, continueAnswer.length)
    return length === null ? 0 : Number(length[1])
  }

  private answer(): void {
    const bytes = answerOf(this.answerBytes)
    this.sender.send(bytes, 0, bytes.length)
  }
}

function answerOf(bodyBytes: number): Buffer {
  let answer = answers.get(bodyBytes)
  if (answer === undefined) {
    const head =
      `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${bodyBytes}\r\n` +
      'date: Thu, 01 Jan 2026 00:00:00 GMT\r\nserver: application\r\nx-version: v1\r\n\r\n'
    answer = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(bodyBytes, bodyPattern)])
    answers.set(bodyBytes, answer)
  }
  return answer
}
