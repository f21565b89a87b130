import { describe, expect, test } from '@jest/globals'
import { AnswerReader } from './answer-reader.ts'
import { Application, bodyPattern } from './application.ts'
import type { Transport } from './batched-writer.ts'
import { encodeHeaderBlock, readStatus } from './frame.ts'
import { Http2Link, type LinkStream, type StreamHandler } from './http2-link.ts'
import { LatencyHistogram } from './latency-histogram.ts'

const answerHead = 'HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\n'

function readAnswers(bytes: Buffer, pieceBytes: number, expectedBody?: Buffer): string[] {
  const reader = new AnswerReader()
  reader.expectedBody = expectedBody
  const seen: string[] = []
  const handler = {
    onAnswer: (status: number, length: number, isLast: boolean) => void seen.push(`${status} ${length} ${isLast}`),
    onMalformed: (reason: string) => void seen.push(reason),
  }
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.read(bytes, at, Math.min(at + pieceBytes, bytes.length), handler)
  }
  return seen
}

describe('the answer reader', () => {
  const two = Buffer.from(`${answerHead}aaaaaHTTP/1.1 503 No\r\ncontent-length: 0\r\nserver: x\r\n\r\n`, 'latin1')

  test.each([1, 2, 3, 7, 40, 1000])('reads answers that come in pieces of %i bytes', (pieceBytes) => {
    expect(readAnswers(two, pieceBytes)).toEqual(['200 5 true', '503 0 false'])
  })

  test('reports an answer without a length instead of guessing', () => {
    expect(readAnswers(Buffer.from('HTTP/1.1 200 OK\r\nserver: x\r\n\r\n'), 100)).toEqual([
      'status 200 without content-length',
    ])
  })

  test('notices a body with one byte altered', () => {
    const body = Buffer.alloc(5, bodyPattern)
    expect(readAnswers(Buffer.concat([Buffer.from(answerHead), body]), 3, bodyPattern)).toEqual(['200 5 true'])
    body[4]++
    expect(readAnswers(Buffer.concat([Buffer.from(answerHead), body]), 3, bodyPattern)).toContain('body altered')
  })
})

describe('the application', () => {
  test.each([1, 5, 64, 1000])(
    'answers each request with the asked size, requests in pieces of %i bytes',
    (pieceBytes) => {
      const answers: Buffer[] = []
      const application = new Application({
        send: (chunk, start, end) => void answers.push(chunk.subarray(start, end)),
      })
      const requests = Buffer.from(
        'GET /a?7 HTTP/1.1\r\nhost: x\r\n\r\nPOST /b?0 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /c?300 HTTP/1.1\r\n\r\n',
      )
      for (let at = 0; at < requests.length; at += pieceBytes) {
        application.receive(requests, at, Math.min(at + pieceBytes, requests.length))
      }
      expect(readAnswers(Buffer.concat(answers), 1000, bodyPattern)).toEqual([
        '200 7 false',
        '200 0 false',
        '200 300 false',
      ])
    },
  )
})

test('a status is read whether indexed, literal or Huffman-coded, also after a table size update', () => {
  expect(readStatus(Buffer.from([0x88]), 0, 1)).toBe(200)
  expect(readStatus(Buffer.from([0x20, 0x8d]), 0, 2)).toBe(404)
  expect(readStatus(Buffer.from([0x08, 3, 0x35, 0x30, 0x33]), 0, 5)).toBe(503)
  // RFC 7541 C.6.1: 302.
  expect(readStatus(Buffer.from([0x48, 0x82, 0x64, 0x02]), 0, 4)).toBe(302)
})

test('quantiles are exact to 0.2 %', () => {
  const histogram = new LatencyHistogram()
  for (let us = 1; us <= 100_000; us++) histogram.record(us)
  expect(Math.abs(histogram.quantileUs(0.5) - 50_000)).toBeLessThan(100)
  expect(Math.abs(histogram.quantileUs(0.99) - 99_000)).toBeLessThan(200)
  expect(histogram.quantileUs(1)).toBe(100_000)
})

/** Two links joined in memory; `pieceBytes` is how much each delivery carries. */
function joinLinks(onStream: (stream: LinkStream) => StreamHandler, pieceBytes: number): Http2Link {
  const deliverTo = (receiver: () => Http2Link): Transport => ({
    write(chunk, written) {
      const copy = Buffer.from(chunk)
      setImmediate(() => {
        for (let at = 0; at < copy.length; at += pieceBytes) {
          receiver().receive(copy, at, Math.min(at + pieceBytes, copy.length))
        }
        written()
      })
    },
    destroy() {},
  })
  const client: Http2Link = new Http2Link(
    deliverTo(() => server),
    'client',
    { onStream: never, onGoAway() {} },
  )
  const server: Http2Link = new Http2Link(
    deliverTo(() => client),
    'server',
    { onStream, onGoAway() {} },
  )
  return client
}

function never(): StreamHandler {
  throw new Error('a server opened a stream')
}

test.each([1, 1000, 100_000])(
  'links carry more than their windows in both directions, %i bytes at a time',
  async (pieceBytes) => {
    const size = pieceBytes === 1 ? 100_000 : 6 * 1024 * 1024
    const sent = Buffer.alloc(size, bodyPattern)
    let received = 0
    const echo = (stream: LinkStream): StreamHandler => ({
      onHeaders: () => stream.link.sendHeaders(stream, Buffer.from([0x88])),
      onData: (chunk, start, end) => stream.send(Buffer.from(chunk.subarray(start, end)), 0, end - start),
      onEnd: () => stream.end(),
      onReset: () => {},
    })
    const client = joinLinks(echo, pieceBytes)
    await new Promise<void>((resolve, reject) => {
      const stream = client.open(encodeHeaderBlock([[':method', 'CONNECT']]), {
        onHeaders: (status) => (status === 200 ? stream.send(sent, 0, size) : reject(new Error(`status ${status}`))),
        onData: (chunk, start, end) => {
          if (!chunk.subarray(start, end).equals(sent.subarray(received, received + end - start)))
            reject(new Error('altered'))
          received += end - start
          if (received === size) stream.end()
        },
        onEnd: resolve,
        onReset: (code) => reject(new Error(`reset ${code}`)),
      })
    })
    expect(received).toBe(size)
    expect(client.streams.size).toBe(0)
  },
)
