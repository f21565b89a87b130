// What is written down while a case runs: by the client, by the pods. Only facts that a proxy decides; times and
// addresses of the client are left to `normalise.ts`.

import { createHash } from 'node:crypto'
import type { Http1Message } from '../support/http1-messages.ts'
import type { WireStream } from '../support/http2-wire.ts'

/** One observation: a label and a JSON value. */
export type Note = readonly [label: string, value: unknown]

/** Everything that is compared of one case. */
export interface CaseRecord {
  readonly client: readonly Note[]
  readonly pods: readonly Note[]
  /** Access-log lines of the service's chain, then those of the other hops when the case asks for them. */
  log: readonly unknown[]
  terminateLog?: readonly unknown[]
  originateLog?: readonly unknown[]
}

/** Where a pod's program writes down what it received. */
export class PodRecorder {
  readonly pod: string
  readonly ordinal: number
  readonly connect: Readonly<Record<string, string>>
  private readonly notes: Note[]

  constructor(pod: string, ordinal: number, connect: Readonly<Record<string, string>>, notes: Note[]) {
    this.pod = pod
    this.ordinal = ordinal
    this.connect = connect
    this.notes = notes
  }

  note(label: string, value: unknown): void {
    this.notes.push([`${this.pod}#${this.ordinal} ${label}`, value])
  }

  /** Requests that this case's pods have noted so far, over all connections. */
  get noted(): number {
    return this.notes.length
  }
}

/** Short bodies verbatim (Latin-1), long ones by length and hash. */
export function describeBody(body: Buffer): unknown {
  if (body.length <= 2_000) return body.toString('latin1')
  return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }
}

/** A response as the client saw it: order and case of the header section are the proxy's, so they are kept. */
export function describeResponse(message: Http1Message): unknown {
  return {
    line: message.line,
    headers: message.headers.map(([name, value]) => `${name}: ${value}`),
    body: describeBody(message.body),
    ...(message.trailers.length > 0 ? { trailers: message.trailers.map(([name, value]) => `${name}: ${value}`) } : {}),
    ...(message.complete ? {} : { complete: false }),
  }
}

/** A request as a pod saw it; the order of the header section is not compared, the case of names is. */
export function describeRequest(message: Http1Message): unknown {
  return {
    line: message.line,
    headers: message.headers.map(([name, value]) => `${name}: ${value}`).sort(),
    body: describeBody(message.body),
    ...(message.trailers.length > 0 ? { trailers: message.trailers.map(([name, value]) => `${name}: ${value}`) } : {}),
  }
}

/** A stream as a client saw it: its header sections in order, its body, how it ended. */
export function describeStream(stream: WireStream, sortHeaders = false): unknown {
  const sections = stream.sections.map((section) => section.map(([name, value]) => `${name}: ${value}`))
  return {
    headers: sortHeaders ? sections.map((section) => section.sort()) : sections,
    body: describeBody(stream.body),
    // RST_STREAM(NO_ERROR) may follow a complete answer (RFC 9113 8.1); that changes nothing.
    end: stream.ended ? 'END_STREAM' : stream.reset !== undefined ? `RST_STREAM ${stream.reset}` : 'open',
  }
}
