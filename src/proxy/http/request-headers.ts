// What the connection manager does to a request's headers before filters see them: refuse, normalise, sanitise, add.
// The order is Envoy's (ConnectionManagerUtility::mutateRequestHeaders; envoy-behaviour 1.1-1.5 in Envoy's documentation).

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import { parseSocketAddress, socketAddress } from '../stream/address.ts'
import type { Address, ConnectionFacts } from '../stream/connection-facts.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { HcmConfig } from './hcm-config.ts'
import type { LocalReply } from './local-reply.ts'
import { isGrpcRequest } from './local-reply.ts'
import { needsNormalization, normalizePath } from './path-normalization.ts'
import { newRequestId, withoutTraceReason } from './request-id.ts'
import { isIP } from 'node:net'
import { forwardClientCert } from './xfcc.ts'

/** Never forwarded from a client (hop-by-hop, or ours to set). */
const ALWAYS_REMOVED = new Set(['keep-alive', 'proxy-connection', 'transfer-encoding', 'x-envoy-internal'])

/** Trusted only from inside the mesh's own proxies. */
const REMOVED_FROM_EXTERNAL = new Set([
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
])

const REMOVED_FROM_EDGE = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-original-host',
])

/** Refuses what no route may see; the path is normalised in place. Undefined: go on. */
export function admitRequest(headers: RequestHeaderMap, config: HcmConfig): LocalReply | undefined {
  if (headers.authority === undefined) return { status: 400, body: '', details: 'missing_host_header' }
  if (headers.path === undefined || headers.path === '') {
    if (headers.method === 'CONNECT' && headers.protocol === undefined) return undefined
    return { status: 404, body: '', details: 'missing_path_rejected' }
  }
  if (headers.path.charCodeAt(0) !== 0x2f) {
    config.stats.rqNonRelativePath.add(1)
    return { status: 404, body: '', details: 'absolute_path_rejected' }
  }
  if (needsNormalization(headers.path, config)) {
    const refused = applyNormalization(headers, config)
    if (refused !== undefined) return refused
  }
  if (config.stripTrailingHostDot || config.stripPort !== 'none') normalizeHost(headers, config)
  return undefined
}

function applyNormalization(headers: RequestHeaderMap, config: HcmConfig): LocalReply | undefined {
  const normalized = normalizePath(headers.path as string, config)
  if (normalized.kind === 'ok') {
    headers.path = normalized.path
    return undefined
  }
  if (normalized.kind === 'rejected' || isGrpcRequest(headers)) {
    config.stats.rqFailedPathNormalization.add(1)
    return { status: 400, body: '', details: 'path_normalization_failed' }
  }
  return { status: 307, body: '', details: 'path_normalization_failed', headers: ['location', normalized.path] }
}

function normalizeHost(headers: RequestHeaderMap, config: HcmConfig): void {
  let host = headers.authority as string
  const port = host.startsWith('[') ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':')
  let portText = port < 0 ? '' : host.slice(port)
  if (port >= 0) host = host.slice(0, port)
  if (config.stripTrailingHostDot && host.endsWith('.')) host = host.slice(0, -1)
  if (config.stripPort === 'any' && headers.method !== 'CONNECT') portText = ''
  headers.authority = host + portText
}

/** Hop-by-hop cleaning, client address, x-forwarded-*, x-request-id, certificate. `isUpgrade` keeps connection and upgrade. */
export function mutateRequestHeaders(
  headers: RequestHeaderMap,
  config: HcmConfig,
  info: StreamInfo,
  isUpgrade: boolean,
): void {
  const facts = info.connection
  const client = trustedClient(headers, config, facts)
  info.downstreamRemoteAddress = client.address
  const isInternal = client.mayBeInternal && config.isInternalAddress(client.address.ip)
  const isEdge = !isInternal && config.useRemoteAddress
  dropUntrusted(headers, isUpgrade, isInternal, isEdge)
  for (const name of config.routes.internalOnlyHeaders) if (!isInternal) headers.delete(name)
  if (config.useRemoteAddress && !config.skipXffAppend) appendForwardedFor(headers, facts.remoteAddress.ip)
  setForwardedProto(headers, config, facts)
  if (config.appendXForwardedPort && !headers.has('x-forwarded-port')) {
    headers.add('x-forwarded-port', String(facts.localAddress.port))
  }
  if (isInternal) headers.set('x-envoy-internal', 'true')
  else if (isEdge) headers.set('x-envoy-external-address', client.address.ip)
  if (config.via !== '') appendValue(headers, 'via', config.via, ', ')
  if (config.forwardClientCert !== 'alwaysForwardOnly') forwardClientCert(headers, config, facts.tls)
  setRequestId(headers, config, info, isEdge)
}

interface TrustedClient {
  readonly address: Address
  readonly mayBeInternal: boolean
}

function trustedClient(headers: RequestHeaderMap, config: HcmConfig, facts: ConnectionFacts): TrustedClient {
  const forwarded = headers.getJoined('x-forwarded-for')
  if (config.useRemoteAddress) {
    if (config.xffNumTrustedHops > 0 && forwarded !== undefined) {
      const address = nthFromRight(forwarded, config.xffNumTrustedHops)
      if (address !== undefined) return { address, mayBeInternal: false }
    }
    return { address: facts.remoteAddress, mayBeInternal: forwarded === undefined }
  }
  if (forwarded === undefined) return { address: facts.remoteAddress, mayBeInternal: false }
  const address = nthFromRight(forwarded, config.xffNumTrustedHops + 1)
  if (address === undefined) return { address: facts.remoteAddress, mayBeInternal: false }
  return { address, mayBeInternal: !forwarded.includes(',') }
}

/** The n-th address of an x-forwarded-for list counted from the right, 1-based; its port is unknown and printed as 0. */
function nthFromRight(list: string, n: number): Address | undefined {
  const parts = list.split(',')
  const text = parts[parts.length - n]?.trim() ?? ''
  if (isIP(text) !== 0) return socketAddress(text, 0)
  return parseSocketAddress(text)
}

function dropUntrusted(headers: RequestHeaderMap, isUpgrade: boolean, isInternal: boolean, isEdge: boolean): void {
  const { fields } = headers
  let to = 0
  for (let from = 0; from < fields.length; from += 2) {
    const name = fields[from]
    let value = fields[from + 1]
    if (ALWAYS_REMOVED.has(name)) continue
    if (!isUpgrade && (name === 'connection' || name === 'upgrade')) continue
    if (name === 'te' && !isUpgrade) {
      if (!hasToken(value, 'trailers')) continue
      value = 'trailers'
    }
    if (name === 'referer' && (!isValidReferer(value) || headers.getJoined('referer') !== value)) continue
    if (name.startsWith('x-envoy-')) {
      if (!isInternal && REMOVED_FROM_EXTERNAL.has(name)) continue
      if (isEdge && REMOVED_FROM_EDGE.has(name)) continue
    }
    fields[to] = name
    fields[to + 1] = value
    to += 2
  }
  if (to !== fields.length) fields.length = to
}

/** Case-insensitive search for one token of a comma-separated list. */
export function hasToken(list: string, token: string): boolean {
  if (list === token) return true
  for (const part of list.split(',')) if (part.trim().toLowerCase() === token) return true
  return false
}

/** An absolute http(s) URL without user information or fragment. */
function isValidReferer(value: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/@#?\s]+(?:[/?][^#\s]*)?$/.test(value)
}

function appendForwardedFor(headers: RequestHeaderMap, ip: string): void {
  appendValue(headers, 'x-forwarded-for', ip, ',')
}

function appendValue(headers: RequestHeaderMap, name: string, value: string, separator: string): void {
  const existing = headers.getJoined(name)
  headers.set(name, existing === undefined || existing === '' ? value : existing + separator + value)
}

function setForwardedProto(headers: RequestHeaderMap, config: HcmConfig, facts: ConnectionFacts): void {
  const own = facts.tls === undefined ? 'http' : 'https'
  const existing = headers.get('x-forwarded-proto')
  let proto = existing
  if (existing === undefined || (config.useRemoteAddress && config.xffNumTrustedHops === 0)) {
    proto = own
    headers.set('x-forwarded-proto', own)
  }
  if (config.schemeOverwrite !== '') {
    headers.scheme = config.schemeOverwrite
    headers.set('x-forwarded-proto', config.schemeOverwrite)
  } else if (headers.scheme === undefined) headers.scheme = proto === 'http' || proto === 'https' ? proto : own
  else headers.scheme = headers.scheme.toLowerCase()
}

function setRequestId(headers: RequestHeaderMap, config: HcmConfig, info: StreamInfo, isEdge: boolean): void {
  const existing = headers.get('x-request-id')
  let id = existing
  if (existing === undefined || existing === '') {
    if (!config.generateRequestId) return
    id = newRequestId()
  } else if (isEdge) {
    if (!config.preserveExternalRequestId) id = newRequestId()
    else if (config.packTraceReason) id = withoutTraceReason(existing)
  }
  info.requestId = id as string
  if (id !== existing) headers.set('x-request-id', id as string)
}
