// The usual ways to talk to a service, as functions for `DifferentialCase.exchange`. Whatever is not usual, a case writes
// itself against `Actor`.

import type { ByteTunnel } from '../support/byte-tunnel.ts'
import type { HeaderField } from '../support/hpack-wire.ts'
import { parseMessages, type ParsedMessages } from '../support/http1-messages.ts'
import { Http2Wire, type WireOptions } from '../support/http2-wire.ts'
import type { Actor, OpenOptions } from './case.ts'
import { describeBody, describeResponse, describeStream } from './records.ts'

/** How long an end of the connection that the answer announced may take. */
const ANNOUNCED_END_MS = 5_000
/** How long the connection must stay open to be noted as open. */
const SETTLE_MS = 120

type Exchange = (actor: Actor) => Promise<void>

/** A GET as a plain client writes it. `headers` are appended as given; `host` defaults to `service.test`. */
export function get(target: string, headers: Readonly<Record<string, string>> = {}): string {
  return request('GET', target, headers)
}

export function request(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const { host = 'service.test', ...others } = headers
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const [name, value] of Object.entries(others)) text += `${name}: ${value}\r\n`
  if (body !== '') text += `content-length: ${body.length}\r\n`
  return `${text}\r\n${body}`
}

/** Sends the requests one after the other on one tunnel, each when the answer to the one before is complete. */
export function sequence(...requests: (string | Buffer)[]): Exchange {
  return async (actor) => {
    const { tunnel } = await actor.open()
    const methods: string[] = []
    for (const bytes of requests) {
      if (tunnel.ending !== undefined) {
        actor.note('not sent', textOf(bytes).split('\r\n')[0])
        continue
      }
      methods.push(methodOf(bytes))
      tunnel.write(bytes)
      await untilAnswered(tunnel, methods, methods.length)
      if (announcesEnd(tunnel)) await tunnel.untilEnded(ANNOUNCED_END_MS)
    }
    await noteAnswers(actor, tunnel, methods)
  }
}

/** As `sequence`, but each request on a tunnel of its own (one HBONE connection). */
export function separately(...requests: (string | Buffer)[]): Exchange {
  return async (actor) => {
    for (const bytes of requests) await sequence(bytes)(actor)
  }
}

/** Writes `parts` with a pause between them and expects `count` answers to the methods given. */
export function raw(
  methods: readonly string[],
  parts: readonly (string | Buffer)[],
  options: OpenOptions = {},
): Exchange {
  return async (actor) => {
    const { tunnel } = await actor.open(options)
    for (const [i, part] of parts.entries()) {
      if (i > 0) await pause(40)
      tunnel.write(part)
    }
    await untilAnswered(tunnel, methods, methods.length)
    await noteAnswers(actor, tunnel, methods)
  }
}

/** Sends each text on a tunnel of its own and notes the answer, if any comes, and the state of the connection. */
export function oneByOne(...texts: (string | Buffer)[]): Exchange {
  return async (actor) => {
    for (const text of texts) {
      const { tunnel } = await actor.open()
      tunnel.write(text)
      await untilAnswered(tunnel, [methodOf(text)], 1, 1_000)
      await noteAnswers(actor, tunnel, [methodOf(text)])
      tunnel.reset()
    }
  }
}

/** Final answers on the tunnel so far. */
export function answersOn(tunnel: ByteTunnel, methods: readonly string[]): ParsedMessages {
  return parseMessages(tunnel.received, methods, tunnel.ending !== undefined)
}

/** Waits until `count` final answers are complete or the tunnel has ended. */
export function untilAnswered(
  tunnel: ByteTunnel,
  methods: readonly string[],
  count: number,
  timeoutMs?: number,
): Promise<boolean> {
  return tunnel.until(() => {
    if (tunnel.ending !== undefined) return true
    return (
      answersOn(tunnel, methods).messages.filter((message) => message.complete && isFinal(message.line)).length >= count
    )
  }, timeoutMs)
}

/** Notes every answer and whether the connection was closed after them. */
export async function noteAnswers(actor: Actor, tunnel: ByteTunnel, methods: readonly string[]): Promise<void> {
  await tunnel.untilEnded(announcesEnd(tunnel) ? ANNOUNCED_END_MS : SETTLE_MS)
  const { messages, rest } = answersOn(tunnel, methods)
  for (const message of messages) actor.note('response', describeResponse(message))
  if (rest.length > 0) actor.note('bytes after', describeBody(rest))
  actor.note('connection', tunnel.ending ?? 'open')
}

/** Opens HTTP/2 inside a tunnel, runs `script`, then notes all streams that the client used and the connection's state. */
export function inHttp2(
  script: (wire: Http2Wire, actor: Actor) => Promise<void>,
  options?: Partial<WireOptions>,
): Exchange {
  return async (actor) => {
    const { tunnel } = await actor.open()
    const wire = new Http2Wire(tunnel, { role: 'client', ...options })
    await script(wire, actor)
    await noteHttp2(actor, wire)
  }
}

/**
 * Notes what arrived on each stream, and GOAWAY or the end of the connection. A GOAWAY with an error is not noted when the
 * connection then ends: Envoy often drops the connection before it is written, by no rule that a client could rely on.
 */
export async function noteHttp2(actor: Actor, wire: Http2Wire): Promise<void> {
  await wire.until(() => wire.tunnel.ending !== undefined, wire.goaway === undefined ? SETTLE_MS : 2_000)
  for (const id of [...wire.streams.keys()].sort((a, b) => a - b)) {
    actor.note(`stream ${id}`, describeStream(wire.stream(id)))
  }
  const isTold = wire.goaway !== undefined && (wire.goaway.code === 0 || wire.tunnel.ending === undefined)
  actor.note('goaway', isTold ? wire.goaway?.code : 'none')
  actor.note('connection', wire.tunnel.ending ?? 'open')
}

/** A request's header section over HTTP/2; an undefined value leaves the pseudo-header out. */
export function h2Request(
  overrides: Readonly<Record<string, string | undefined>> = {},
  extra: readonly HeaderField[] = [],
): HeaderField[] {
  const pseudo: Record<string, string | undefined> = {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/',
    ':authority': 'service.test',
    ...overrides,
  }
  const fields: HeaderField[] = []
  for (const [name, value] of Object.entries(pseudo)) if (value !== undefined) fields.push([name, value])
  return [...fields, ...extra]
}

/** Sends header sections on streams 1, 3, 5 … with END_STREAM, each when the one before is done. */
export function h2Sequence(...sections: (readonly HeaderField[])[]): Exchange {
  return inHttp2(async (wire) => {
    for (const [i, section] of sections.entries()) {
      if (wire.tunnel.ending !== undefined) return
      wire.headers(2 * i + 1, section, true)
      await wire.untilDone(2 * i + 1)
    }
  })
}

/** Opens a tunnel, writes `bytes`, waits for `expected` bytes (then ends if told so) or the end, and notes what came. */
export function bytesIn(
  bytes: string | Buffer,
  expected: number,
  options: OpenOptions & { end?: boolean } = {},
): Exchange {
  return async (actor) => {
    const { tunnel, status } = await actor.open(options)
    actor.note('CONNECT', status ?? 'no answer')
    tunnel.write(bytes)
    await tunnel.until(() => tunnel.received.length >= expected || tunnel.ending !== undefined)
    if (options.end === true) tunnel.end()
    await tunnel.untilEnded(options.end === true ? ANNOUNCED_END_MS : SETTLE_MS)
    actor.note('received', describeBody(tunnel.received))
    actor.note('connection', tunnel.ending ?? 'open')
  }
}

/** A pause that lets what was written before become a read of its own. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function methodOf(bytes: string | Buffer): string {
  return textOf(bytes).trimStart().split(' ')[0]
}

function textOf(bytes: string | Buffer): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1')
}

/** Whether an answer so far said that the connection closes after it. */
function announcesEnd(tunnel: ByteTunnel): boolean {
  return /\r\nconnection: close\r\n/i.test(tunnel.received.toString('latin1'))
}

function isFinal(line: string): boolean {
  return !/^HTTP\/1\.\d 1(?!01)\d\d/.test(line)
}
