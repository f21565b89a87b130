// What the filter and its two ways to ask an authorization service have in common: a question about one request, an answer.

import type { AsyncCall } from '../../http/async-client.ts'
import type { Exchange } from '../../http/exchange.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'

/** A request, and what of its body the service is shown. */
export interface AuthzQuestion {
  readonly exchange: Exchange
  /** Undefined: the body is not shown, or there is none. */
  readonly body: Buffer | undefined
  readonly isPartialBody: boolean
  readonly contextExtensions: Readonly<Record<string, string>>
}

/** `join`: to the value of a header that is there. */
export type HeaderAction = 'add' | 'join' | 'addIfAbsent' | 'set' | 'setIfExists'

export interface HeaderChange {
  /** Lower-case. */
  readonly name: string
  readonly value: string
  readonly action: HeaderAction
}

export interface Allowed {
  readonly kind: 'allowed'
  readonly requestHeaders: readonly HeaderChange[]
  readonly removedHeaders: readonly string[]
  readonly responseHeaders: readonly HeaderChange[]
  readonly setParameters: readonly { readonly name: string; readonly value: string }[]
  readonly removedParameters: readonly string[]
  readonly metadata: MetadataStruct | undefined
}

export interface Denied {
  readonly kind: 'denied'
  readonly status: number
  readonly headers: readonly HeaderChange[]
  readonly body: string
  readonly metadata: MetadataStruct | undefined
}

/** The service could not be asked, or gave no decision. What it says then is used where the filter denies. */
export interface Undecided {
  readonly kind: 'error'
  /** 0: the filter's status_on_error. */
  readonly status: number
  readonly headers: readonly HeaderChange[]
  readonly body: string
}

export type AuthzAnswer = Allowed | Denied | Undecided

export const UNREACHABLE: Undecided = { kind: 'error', status: 0, headers: [], body: '' }

export interface AnswerReceiver {
  onAnswer(answer: AuthzAnswer): void
}

export interface Authorizer {
  /** The answer comes later or within the call. */
  ask(question: AuthzQuestion, receiver: AnswerReceiver): AsyncCall
}

export const PARTIAL_BODY_HEADER = 'x-envoy-auth-partial-body'
