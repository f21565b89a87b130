// envoy.service.auth.v3.CheckRequest: what a gRPC authorization service learns of a request. As Envoy's
// CheckRequestUtils::createHttpCheck fills it.

import { create } from '@bufbuild/protobuf'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import type { AddressSchema } from '../../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { HeaderValueSchema, MetadataSchema } from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type {
  AttributeContext_HttpRequestSchema,
  AttributeContext_PeerSchema,
} from '../../../envoy/generated/envoy/service/auth/v3/attribute_context_pb.js'
import { CheckRequestSchema } from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'
import type { CheckRequest } from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'
import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import type { StringTest } from '../../matching/string-matcher.ts'
import type { Address, CertificateFacts } from '../../stream/connection-facts.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { PARTIAL_BODY_HEADER } from './authorizer.ts'
import type { AuthzQuestion } from './authorizer.ts'

export interface CheckSettings {
  /** Which headers are shown. */
  readonly showsHeader: StringTest
  readonly packsBodyAsBytes: boolean
  /** Headers go as they came, entry by entry, in octets. */
  readonly encodesRawHeaders: boolean
  readonly includesPeerCertificate: boolean
  readonly includesTlsSession: boolean
  /** Namespaces of dynamic metadata, and of the route's. */
  readonly metadataNamespaces: readonly string[]
  readonly routeMetadataNamespaces: readonly string[]
}

/** Names and values of the headers that are shown: pseudo-headers first, repeated ones joined. */
export function shownHeaders(headers: RequestHeaderMap, shows: StringTest): Map<string, string> {
  const shown = new Map<string, string>()
  const add = (name: string, value: string | undefined): void => {
    if (value === undefined || name === PARTIAL_BODY_HEADER || !shows(name)) return
    const before = shown.get(name)
    shown.set(name, before === undefined ? value : `${before},${value}`)
  }
  add(':authority', headers.authority)
  add(':path', headers.path)
  add(':method', headers.method)
  add(':scheme', headers.scheme)
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) add(fields[i], fields[i + 1])
  return shown
}

export function checkRequest(question: AuthzQuestion, settings: CheckSettings): CheckRequest {
  const { exchange, contextExtensions } = question
  const { info } = exchange
  const { connection } = info
  const { tls } = connection
  const service = exchange.requestHeaders.get('x-envoy-downstream-service-cluster') ?? ''
  return create(CheckRequestSchema, {
    attributes: {
      source: peerOf(connection.remoteAddress, tls?.peer, service, settings.includesPeerCertificate),
      destination: peerOf(connection.localAddress, tls?.local, '', false),
      request: {
        time: timestamp(info.startTimeMs),
        http: httpRequest(question, settings),
      },
      contextExtensions,
      metadataContext: metadataContext(settings.metadataNamespaces, (name) => info.dynamicMetadata.get(name)),
      routeMetadataContext: metadataContext(settings.routeMetadataNamespaces, (name) => info.route.metadata.get(name)),
      ...(settings.includesTlsSession
        ? { tlsSession: { sni: tls === undefined ? '' : connection.requestedServerName } }
        : {}),
    },
  })
}

/** Envoy: MessageUtil::sanitizeUtf8String. Octets that are no UTF-8 would make the message unreadable. */
export function validUtf8(octets: Buffer): string {
  return octets.toString('utf8').replaceAll('\uFFFD', '!')
}

type Init<T extends Parameters<typeof create>[0]> = MessageInitShape<T>

function peerOf(
  address: Address,
  certificate: CertificateFacts | undefined,
  service: string,
  includesCertificate: boolean,
): Init<typeof AttributeContext_PeerSchema> {
  return {
    address: addressMessage(address),
    service,
    principal: certificate === undefined ? '' : principalOf(certificate),
    certificate: includesCertificate && certificate !== undefined ? encodeURIComponent(certificate.pem) : '',
  }
}

function principalOf({ uriSans, dnsSans, subject }: CertificateFacts): string {
  return uriSans[0] ?? dnsSans[0] ?? subject
}

function addressMessage(address: Address): Init<typeof AddressSchema> {
  if (address.ip !== '') {
    const value = { address: address.ip, portSpecifier: { case: 'portValue' as const, value: address.port } }
    return { address: { case: 'socketAddress', value } }
  }
  const [, listener, endpointId] = /^envoy:\/\/([^/]*)\/(.*)$/.exec(address.text) ?? ['', address.text, '']
  const addressNameSpecifier = { case: 'serverListenerName' as const, value: listener }
  return { address: { case: 'envoyInternalAddress', value: { addressNameSpecifier, endpointId } } }
}

function httpRequest(
  question: AuthzQuestion,
  settings: CheckSettings,
): Init<typeof AttributeContext_HttpRequestSchema> {
  const { exchange, body, isPartialBody } = question
  const { info, requestHeaders: headers } = exchange
  const shown = shownHeaders(headers, settings.showsHeader)
  const bodyFlag = body === undefined ? undefined : String(isPartialBody)
  const { encodesRawHeaders, packsBodyAsBytes } = settings
  return {
    id: String(streamId()),
    method: headers.method,
    path: text(headers.path),
    host: text(headers.authority),
    scheme: text(headers.scheme),
    size: BigInt(info.bytesReceived),
    protocol: info.protocol ?? '',
    ...(encodesRawHeaders
      ? { headerMap: { headers: rawHeaders(headers, settings.showsHeader, bodyFlag) } }
      : { headers: textHeaders(shown, bodyFlag) }),
    ...(body === undefined ? {} : packsBodyAsBytes ? { rawBody: body } : { body: validUtf8(body) }),
  }
}

let lastStreamId = 0

/** Only has to tell the requests of a while apart. */
function streamId(): number {
  return ++lastStreamId
}

function textHeaders(shown: ReadonlyMap<string, string>, bodyFlag: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of shown) headers[name] = text(value)
  if (bodyFlag !== undefined) headers[PARTIAL_BODY_HEADER] = bodyFlag
  return headers
}

function rawHeaders(
  headers: RequestHeaderMap,
  shows: StringTest,
  bodyFlag: string | undefined,
): Init<typeof HeaderValueSchema>[] {
  const raw: Init<typeof HeaderValueSchema>[] = []
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined && key !== PARTIAL_BODY_HEADER && shows(key)) {
      raw.push({ key, rawValue: Buffer.from(value, 'latin1') })
    }
  }
  add(':authority', headers.authority)
  add(':path', headers.path)
  add(':method', headers.method)
  add(':scheme', headers.scheme)
  const { fields } = headers
  for (let i = 0; i < fields.length; i += 2) add(fields[i], fields[i + 1])
  if (bodyFlag !== undefined) raw.push({ key: PARTIAL_BODY_HEADER, rawValue: Buffer.from(bodyFlag) })
  return raw
}

/** A header's octets as text. */
function text(value: string | undefined): string {
  return value === undefined ? '' : validUtf8(Buffer.from(value, 'latin1'))
}

function metadataContext(
  namespaces: readonly string[],
  of: (namespace: string) => MetadataStruct | undefined,
): Init<typeof MetadataSchema> {
  const filterMetadata: Record<string, JsonObject> = {}
  for (const namespace of namespaces) {
    const struct = of(namespace)
    if (struct !== undefined) filterMetadata[namespace] = struct
  }
  return { filterMetadata }
}

function timestamp(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.floor((ms % 1000) * 1e6) }
}
