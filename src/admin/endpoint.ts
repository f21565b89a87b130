// What an endpoint is, and the answers that it can give.

import type { JsonValue } from '@bufbuild/protobuf'
import type { AdminSource } from './admin-source.ts'
import type { AdminQuery } from './admin-query.ts'

export interface Endpoint {
  readonly path: string
  /** As Envoy's help has it. */
  readonly help: string
  readonly parameters?: readonly Parameter[]
  /** It changes the server, so it must be asked by POST. */
  readonly changesServer?: boolean
  answer(query: AdminQuery, source: AdminSource): AdminAnswer | Promise<AdminAnswer>
}

export interface Parameter {
  readonly name: string
  readonly help: string
  /** It counts by being there, whatever its value. */
  readonly isFlag?: boolean
  /** The values that it can have. */
  readonly choices?: readonly string[]
}

export interface AdminAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  /** To be done when the answer has been sent. */
  readonly afterwards?: () => void
}

export function textAnswer(body: string, status = 200): AdminAnswer {
  return { status, contentType: 'text/plain; charset=UTF-8', body }
}

export function refusal(status: number, body: string): AdminAnswer {
  return { status, contentType: 'text/plain', body }
}

export function htmlAnswer(body: string): AdminAnswer {
  return { status: 200, contentType: 'text/html; charset=UTF-8', body }
}

/** Indented by one, as Envoy indents. */
export function jsonAnswer(value: JsonValue): AdminAnswer {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` }
}

export const OK = textAnswer('OK\n')
