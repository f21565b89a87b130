// The check of one request, from the wait for its body to what the answer makes of it.

import { chargeResponse } from '../../cluster/cluster-stats.ts'
import type { AsyncCall } from '../../http/async-client.ts'
import type { BodyBuffer } from '../../http/body-buffer.ts'
import type { Exchange } from '../../http/exchange.ts'
import { CONTINUE, STOP } from '../../http/filter.ts'
import type { FilterStatus } from '../../http/filter.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { applyToRequest, areValid, changesRequest, isApplicable } from './apply-answer.ts'
import type { Allowed, AnswerReceiver, AuthzAnswer, Denied, HeaderChange, Undecided } from './authorizer.ts'
import type { BodySettings, ExtAuthz, RouteAuthz } from './compile-ext-authz.ts'

const METADATA_NAMESPACE = 'envoy.filters.http.ext_authz'
const FAILURE_MODE_HEADER = 'x-envoy-auth-failure-mode-allowed'

export class AuthzCheck implements AnswerReceiver {
  /** What the response gets when it comes. */
  responseHeaders: readonly HeaderChange[] = []
  private readonly exchange: Exchange
  private readonly own: ExtAuthz
  private readonly route: RouteAuthz | undefined
  /** Set while the body is waited for. */
  private body: BodySettings | undefined = undefined
  private state: 'new' | 'asking' | 'allowed' | 'refused' = 'new'
  private startedMs = 0
  private call: AsyncCall | undefined = undefined
  private isStarting = false

  constructor(exchange: Exchange, own: ExtAuthz, route: RouteAuthz | undefined) {
    this.exchange = exchange
    this.own = own
    this.route = route
  }

  waitForBody(body: BodySettings): void {
    this.body = body
    this.exchange.holdLimitBytes = body.maxBytes
  }

  onHeld(held: BodyBuffer): void {
    const { body, exchange } = this
    if (body === undefined) return
    if (!body.allowsPartial && held.bytes > body.maxBytes) {
      this.body = undefined
      exchange.config.stats.rqTooLarge.add(1)
      // Nobody waits for the rest of it.
      exchange.closesConnection = true
      exchange.localReply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large' })
      return
    }
    if (!held.ended && !(body.allowsPartial && held.bytes >= body.maxBytes)) return
    this.body = undefined
    const shown = held.bytes === 0 ? undefined : headOf(held, body.maxBytes)
    if (this.start(shown, held.bytes > body.maxBytes) === CONTINUE) exchange.continueRequest()
  }

  /** STOP: the answer comes later, or the request was answered. */
  start(body: Buffer | undefined, isPartialBody: boolean): FilterStatus {
    const { exchange, own, route } = this
    this.startedMs = exchange.manager.dispatcher.nowMs
    this.state = 'asking'
    this.isStarting = true
    const contextExtensions = route?.contextExtensions ?? NO_EXTENSIONS
    const authorizer = route?.authorizer ?? own.authorizer
    this.call = authorizer.ask({ exchange, body, isPartialBody, contextExtensions }, this)
    this.isStarting = false
    return (this.state as string) === 'allowed' ? CONTINUE : STOP
  }

  onAnswer(answer: AuthzAnswer): void {
    const { exchange } = this
    if (this.state !== 'asking' || exchange.ended) return
    this.state = 'refused'
    if (answer.kind !== 'error') this.noteMetadata(answer.metadata, answer.kind === 'allowed')
    switch (answer.kind) {
      case 'allowed':
        this.allow(answer)
        return
      case 'denied':
        this.deny(answer)
        return
      case 'error':
        this.fail(answer)
    }
  }

  cancel(): void {
    this.body = undefined
    if (this.state === 'asking') this.call?.cancel()
  }

  private allow(answer: Allowed): void {
    const { exchange, own } = this
    if (!isApplicable(answer)) {
      this.reject()
      return
    }
    if (own.clearsRoute && changesRequest(answer)) exchange.clearRoute()
    applyToRequest(answer, exchange.requestHeaders)
    this.responseHeaders = answer.responseHeaders
    this.count('ok')
    this.goOn()
  }

  private deny(answer: Denied): void {
    const { exchange, own } = this
    this.count('denied')
    if (own.chargesCluster && exchange.cluster !== undefined) chargeResponse(exchange.cluster.stats, answer.status)
    if (!areValid(answer.headers)) {
      this.reject()
      return
    }
    this.reply(answer.status, answer, 'ext_authz_denied')
  }

  private fail(answer: Undecided): void {
    const { exchange, own } = this
    this.count('error')
    if (own.allowsOnFailure) {
      this.count('failureModeAllowed')
      if (own.marksAllowedOnFailure) exchange.requestHeaders.add(FAILURE_MODE_HEADER, 'true')
      this.goOn()
      return
    }
    if (!areValid(answer.headers)) {
      this.reject()
      return
    }
    this.reply(answer.status === 0 ? own.statusOnError : answer.status, answer, 'ext_authz_error')
  }

  /** The answer asks for what cannot be done. */
  private reject(): void {
    this.count('invalid')
    this.reply(500, NOTHING, 'ext_authz_invalid')
  }

  private reply(status: number, answer: Pick<Denied, 'headers' | 'body'>, details: string): void {
    const { exchange, own } = this
    const { maxDeniedBodyBytes } = own
    const body = maxDeniedBodyBytes === 0 ? answer.body : cut(answer.body, maxDeniedBodyBytes)
    const finalHeaders: string[] = []
    for (const { name, value } of answer.headers) if (!name.startsWith(':')) finalHeaders.push(name, value)
    exchange.setFlag('UAEX')
    exchange.localReply({ status, body, details, finalHeaders })
  }

  private goOn(): void {
    this.state = 'allowed'
    if (!this.isStarting) this.exchange.continueRequest()
  }

  private noteMetadata(metadata: MetadataStruct | undefined, isAllowed: boolean): void {
    if (metadata === undefined) return
    const { exchange, own } = this
    if (!own.ingestsMetadata) {
      own.stats.ignoredMetadata.add(1)
      return
    }
    const { dynamicMetadata } = exchange.info
    dynamicMetadata.merge(METADATA_NAMESPACE, metadata)
    if (!isAllowed) return
    const durationMs = Math.floor(exchange.manager.dispatcher.nowMs - this.startedMs)
    dynamicMetadata.merge(METADATA_NAMESPACE, { ext_authz_duration: durationMs })
  }

  private count(name: Parameters<ExtAuthz['stats']['count']>[0]): void {
    this.own.stats.count(name, this.exchange.cluster?.name)
  }
}

const NO_EXTENSIONS: Readonly<Record<string, string>> = {}
const NOTHING = { headers: [], body: '' }

function headOf(held: BodyBuffer, maxBytes: number): Buffer {
  const all = held.chunks.length === 1 ? held.chunks[0] : Buffer.concat(held.chunks, held.bytes)
  return all.subarray(0, maxBytes)
}

function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  return bytes.length <= maxBytes ? text : bytes.subarray(0, maxBytes).toString('utf8')
}
