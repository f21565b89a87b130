// Asks an HTTP server by the request itself: the same method and path, some of its headers, its body where the filter shows it.
// 200 allows, 5xx is no decision, everything else denies.

import { RequestHeaderMap } from '../../../codec/header-map.ts'
import type { ResponseHeaderMap } from '../../../codec/header-map.ts'
import type { HeaderMutation } from '../../format/header-mutation.ts'
import type { AsyncCall, AsyncClient, AsyncReceiver, AsyncResponse } from '../../http/async-client.ts'
import type { StringTest } from '../../matching/string-matcher.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { PARTIAL_BODY_HEADER, UNREACHABLE } from './authorizer.ts'
import type { AnswerReceiver, Authorizer, AuthzQuestion, HeaderAction, HeaderChange } from './authorizer.ts'
import { shownHeaders } from './check-request.ts'

export interface HttpAuthorizerSettings {
  readonly cluster: string
  readonly timeoutMs: number
  readonly pathPrefix: string
  /** In the path's place; '' for none. */
  readonly pathOverride: string
  readonly showsHeader: StringTest
  readonly addedHeaders: HeaderMutation
  /** Of the answer's headers: those that the upstream gets, in place of the request's or beside them. */
  readonly toUpstream: StringTest
  readonly toUpstreamAppended: StringTest
  /** Those that the client gets when it is denied, and when it is let on. */
  readonly toDeniedClient: StringTest
  readonly toAllowedClient: StringTest
  /** Those that become dynamic metadata. */
  readonly toMetadata: StringTest
}

/** Names, comma-separated, of headers that the server has consumed. */
const REMOVE_HEADER = 'x-envoy-auth-headers-to-remove'
const MAX_BODY_BYTES = 1024 * 1024

export class HttpAuthorizer implements Authorizer {
  private readonly client: AsyncClient
  private readonly settings: HttpAuthorizerSettings

  constructor(client: AsyncClient, settings: HttpAuthorizerSettings) {
    this.client = client
    this.settings = settings
  }

  ask(question: AuthzQuestion, receiver: AnswerReceiver): AsyncCall {
    const { settings } = this
    const { info } = question.exchange
    const request = {
      cluster: settings.cluster,
      headers: headersOf(question, settings),
      body: question.body ?? NO_BODY,
      timeoutMs: settings.timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
      downstreamConnection: info.connection,
      isHttp2: false,
      sendsInternal: true,
      sendsForwardedFor: false,
    }
    return this.client.send(request, new Receiver(settings, receiver))
  }
}

const NO_BODY = Buffer.alloc(0)

function headersOf(question: AuthzQuestion, settings: HttpAuthorizerSettings): RequestHeaderMap {
  const { exchange, body } = question
  const headers = new RequestHeaderMap()
  headers.add('content-length', String(body?.length ?? 0))
  for (const [name, value] of shownHeaders(exchange.requestHeaders, settings.showsHeader)) {
    if (name === ':method') headers.method = value
    else if (name === ':authority') headers.authority = value
    else if (name === ':scheme') headers.scheme = value
    else if (name === ':path') {
      headers.path = settings.pathOverride === '' ? settings.pathPrefix + value : settings.pathOverride
    } else if (!HOP_BY_HOP.has(name)) headers.add(name, value)
  }
  headers.scheme ??= 'http'
  if (body !== undefined) headers.add(PARTIAL_BODY_HEADER, String(question.isPartialBody))
  settings.addedHeaders.apply(headers, exchange.info)
  return headers
}

/** Of the message that was received, not of the one that is made. */
const HOP_BY_HOP = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect'])

class Receiver implements AsyncReceiver {
  private readonly settings: HttpAuthorizerSettings
  private readonly receiver: AnswerReceiver

  constructor(settings: HttpAuthorizerSettings, receiver: AnswerReceiver) {
    this.settings = settings
    this.receiver = receiver
  }

  onAsyncResponse({ headers, body }: AsyncResponse): void {
    const { settings, receiver } = this
    if (headers.status >= 500) {
      receiver.onAnswer(UNREACHABLE)
      return
    }
    const removedHeaders = takeRemoved(headers)
    const metadata = metadataFrom(headers, settings.toMetadata)
    if (headers.status !== 200) {
      receiver.onAnswer({
        kind: 'denied',
        status: headers.status,
        headers: pick(headers, settings.toDeniedClient, 'add'),
        body: body.toString('utf8'),
        metadata,
      })
      return
    }
    receiver.onAnswer({
      kind: 'allowed',
      requestHeaders: [
        ...pick(headers, settings.toUpstream, 'set'),
        ...pick(headers, settings.toUpstreamAppended, 'add'),
      ],
      removedHeaders,
      responseHeaders: pick(headers, settings.toAllowedClient, 'add'),
      setParameters: [],
      removedParameters: [],
      metadata,
    })
  }

  onAsyncFailure(): void {
    this.receiver.onAnswer(UNREACHABLE)
  }
}

function takeRemoved(headers: ResponseHeaderMap): string[] {
  const list = headers.getJoined(REMOVE_HEADER)
  if (list === undefined) return []
  headers.delete(REMOVE_HEADER)
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}

function pick(headers: ResponseHeaderMap, wanted: StringTest, action: HeaderAction): HeaderChange[] {
  const picked: HeaderChange[] = []
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    if (wanted(fields[i])) picked.push({ name: fields[i], value: fields[i + 1], action })
  }
  return picked
}

function metadataFrom(headers: ResponseHeaderMap, wanted: StringTest): MetadataStruct | undefined {
  let metadata: MetadataStruct | undefined
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) {
    if (!wanted(fields[i])) continue
    metadata ??= {}
    metadata[fields[i]] = fields[i + 1]
  }
  return metadata
}
