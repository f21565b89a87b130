// What the pods behind the waypoint do. Each program notes what it received before it answers, so that the record shows
// what reached the application whatever happens to the answer.

import type { ByteTunnel } from '../support/byte-tunnel.ts'
import { parseMessages, type Http1Message } from '../support/http1-messages.ts'
import { Http2Wire, PREFACE, type WireStream } from '../support/http2-wire.ts'
import type { CaseBody, DifferentialCase, Group, PodProgram, PodSpec } from './case.ts'
import { describeBody, describeRequest, describeStream, type PodRecorder } from './records.ts'

/** One step of an answer: bytes, a pause, or the words `end` (half-close) and `reset`. */
export type AnswerStep = string | Buffer | { readonly waitMs: number }

/** Answers each HTTP/1 request with 200 and `body`, by default the request line, and notes what it received. */
export function echo(body?: string): PodProgram {
  return http1((message) => {
    const text = body ?? message.line
    const isHead = message.line.startsWith('HEAD ')
    return [`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\nx-pod: echo\r\n\r\n${isHead ? '' : text}`]
  })
}

/** Answers the n-th request of all connections with the n-th answer, and from the last one on with the last. */
export function answers(...list: (AnswerStep | readonly AnswerStep[])[]): PodProgram {
  let answered = 0
  return http1(() => {
    const answer = list[Math.min(answered++, list.length - 1)]
    return Array.isArray(answer) ? (answer as readonly AnswerStep[]) : [answer as AnswerStep]
  })
}

/** Reads requests and never answers. */
export function silent(): PodProgram {
  return http1(() => [])
}

/** Answers each complete HTTP/1 request with the steps that `answer` returns. */
export function http1(answer: (message: Http1Message, recorder: PodRecorder) => readonly AnswerStep[]): PodProgram {
  return async (tunnel, recorder) => {
    let seen = 0
    for (;;) {
      const arrived = (): readonly Http1Message[] =>
        parseMessages(tunnel.received, 'requests').messages.filter((message) => message.complete)
      await tunnel.until(() => arrived().length > seen || tunnel.ending !== undefined, 60_000)
      const message = arrived()[seen++]
      if (message === undefined) {
        tunnel.end()
        return
      }
      recorder.note('request', describeRequest(message))
      await perform(tunnel, answer(message, recorder))
    }
  }
}

/** Answers as soon as the header section of a request has arrived, and notes only that. */
export function onHeaders(...steps: AnswerStep[]): PodProgram {
  return async (tunnel, recorder) => {
    await tunnel.until(() => tunnel.received.includes('\r\n\r\n') || tunnel.ending !== undefined, 60_000)
    recorder.note('request line', tunnel.received.toString('latin1').split('\r\n')[0])
    await perform(tunnel, steps)
  }
}

/** Sends `steps` as soon as it is connected, then notes everything that arrives until the peer ends. */
export function onConnect(...steps: AnswerStep[]): PodProgram {
  return async (tunnel, recorder) => {
    await perform(tunnel, steps)
    await tunnel.untilEnded(60_000)
    recorder.note('received', describeBody(tunnel.received))
    tunnel.end()
  }
}

/** Sends back every byte, then its end after the peer's. */
export function mirror(): PodProgram {
  return async (tunnel, recorder) => {
    let sent = 0
    while (tunnel.ending === undefined) {
      await tunnel.until(() => tunnel.received.length > sent || tunnel.ending !== undefined, 60_000)
      tunnel.write(tunnel.received.subarray(sent))
      sent = tunnel.received.length
    }
    recorder.note('received', describeBody(tunnel.received))
    recorder.note('ending', tunnel.ending)
    tunnel.end()
  }
}

/**
 * Answers requests over HTTP/2; `answer` gets the whole request. Notes each request, by default with its header section sorted.
 */
export function http2(
  answer: (wire: Http2Wire, stream: WireStream) => void | Promise<void>,
  describe: (stream: WireStream) => unknown = (stream) => describeStream(stream, true),
): PodProgram {
  return async (tunnel, recorder) => {
    await tunnel.until(() => tunnel.received.length >= PREFACE.length || tunnel.ending !== undefined, 60_000)
    if (!tunnel.received.toString('latin1').startsWith(PREFACE)) {
      recorder.note('not HTTP/2', tunnel.received.toString('latin1'))
      tunnel.end()
      return
    }
    const wire = new Http2Wire(tunnel, { role: 'server' })
    wire.onStream = (stream) => void serve(wire, stream, recorder, answer, describe)
    await wire.until(() => tunnel.ending !== undefined, 60_000)
    tunnel.end()
  }
}

async function serve(
  wire: Http2Wire,
  stream: WireStream,
  recorder: PodRecorder,
  answer: (wire: Http2Wire, stream: WireStream) => void | Promise<void>,
  describe: (stream: WireStream) => unknown,
): Promise<void> {
  await wire.untilDone(stream.id, 60_000)
  recorder.note(`stream ${stream.id}`, describe(stream))
  await answer(wire, stream)
}

/** Answers each HTTP/2 request with 200 and a body. */
export function http2Echo(body = 'echo over h2'): PodProgram {
  return http2((wire, stream) => {
    wire.headers(stream.id, [
      [':status', '200'],
      ['content-length', String(body.length)],
      ['x-pod', 'h2'],
    ])
    wire.data(stream.id, body, true)
  })
}

async function perform(tunnel: ByteTunnel, steps: readonly AnswerStep[]): Promise<void> {
  for (const step of steps) {
    if (step === 'end') tunnel.end()
    else if (step === 'reset') tunnel.reset()
    else if (typeof step === 'string' || Buffer.isBuffer(step)) tunnel.write(step)
    else await new Promise((resolve) => setTimeout(resolve, step.waitMs))
  }
}

/** Names the cases of one group, and gives them what they leave out: by default the pod that echoes. */
export function casesOf(
  group: Group,
  cases: Readonly<Record<string, CaseBody>>,
  common: Partial<CaseBody> = {},
): DifferentialCase[] {
  return Object.entries(cases).map(([name, body]) => ({
    name,
    group,
    pods: () => ({ a: { program: echo() } }),
    ...common,
    ...body,
  }))
}

/** One pod `a` with this program, as `DifferentialCase.pods`. */
export function pod(program: () => PodProgram, spec: Partial<PodSpec> = {}): () => Record<string, PodSpec> {
  return () => ({ a: { ...spec, program: program() } })
}
