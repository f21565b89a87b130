// What the connection manager does to a request's headers before filters see them: refuse, normalise, sanitise, add.
// The order is Envoy's (ConnectionManagerUtility::mutateRequestHeaders; envoy-behaviour 1.1-1.5 in Envoy's documentation).

import { isIP } from 'node:net'
import type { HeaderMap, RequestHeaderMap } from '../../codec/header-map.ts'
import { parseSocketAddress, socketAddress } from '../stream/address.ts'
import type { Address, ConnectionFacts } from '../stream/connection-facts.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { HcmConfig } from './hcm-config.ts'
import {
  applyRules,
  DROP,
  DROP_FROM_EDGE,
  DROP_FROM_EXTERNAL,
  DROP_UNLESS_UPGRADE,
  JUDGED,
  REQUEST_RULES,
} from './header-rules.ts'
import type { LocalReply } from './local-reply.ts'
import { isGrpcRequest } from './local-reply.ts'
import { needsNormalization, normalizePath } from './path-normalization.ts'
import { newRequestId, withoutTraceReason } from './request-id.ts'
import { forwardClientCert } from './xfcc.ts'

/** Refuses what no route may see; the path is normalised in place. Undefined: go on. */
export function admitRequest(headers: RequestHeaderMap, config: HcmConfig, info: StreamInfo): LocalReply | undefined {
  if (headers.authority === undefined) return { status: 400, body: '', details: 'missing_host_header' }
  if (headers.path === undefined || headers.path === '') {
    if (headers.method === 'CONNECT') return undefined
    return { status: 404, body: '', details: 'missing_path_rejected' }
  }
  if (headers.path.charCodeAt(0) !== 0x2f) {
    config.stats.rqNonRelativePath.add(1)
    return { status: 404, body: '', details: 'absolute_path_rejected' }
  }
  // What the content of a QUERY means is said by its type alone.
  if (headers.method === 'QUERY' && (headers.get('content-type') ?? '') === '') {
    return { status: 400, body: '', details: 'query_missing_content_type' }
  }
  if (needsNormalization(headers.path, config)) {
    const refused = applyNormalization(headers, config)
    if (refused !== undefined) return refused
  }
  if (config.stripTrailingHostDot || config.stripPort !== 'none') normalizeHost(headers, config, info)
  return undefined
}

function applyNormalization(headers: RequestHeaderMap, config: HcmConfig): LocalReply | undefined {
  const normalized = normalizePath(headers.path as string, config)
  headers.path = normalized.path
  if (normalized.kind === 'ok') return undefined
  if (normalized.kind === 'rejected' || isGrpcRequest(headers)) {
    config.stats.rqFailedPathNormalization.add(1)
    return { status: 400, body: '', details: 'path_normalization_failed' }
  }
  return { status: 307, body: '', details: 'path_normalization_failed', headers: ['location', normalized.path] }
}

function normalizeHost(headers: RequestHeaderMap, config: HcmConfig, info: StreamInfo): void {
  const authority = headers.authority as string
  const port = authority.startsWith('[') ? authority.indexOf(':', authority.indexOf(']')) : authority.indexOf(':')
  let portText = port < 0 ? '' : authority.slice(port)
  let host = port < 0 ? authority : authority.slice(0, port)
  if (config.stripTrailingHostDot && host.endsWith('.')) host = host.slice(0, -1)
  // CONNECT needs its port (RFC 9110 7.1).
  if (headers.method !== 'CONNECT' && stripsPort(portText, config, info)) portText = ''
  headers.authority = host + portText
}

/** @param portText with its colon. */
function stripsPort(portText: string, config: HcmConfig, info: StreamInfo): boolean {
  if (config.stripPort === 'none' || !/^:\d+$/.test(portText)) return false
  return config.stripPort === 'any' || Number(portText.slice(1)) === info.connection.localAddress.port
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
  if (config.useRemoteAddress && !config.skipXffAppend) appendForwardedFor(headers, config, facts.remoteAddress.ip)
  setForwardedProto(headers, config, facts)
  if (config.appendXForwardedPort && !headers.has('x-forwarded-port')) {
    headers.add('x-forwarded-port', String(facts.localAddress.port))
  }
  if (config.addUserAgent) addUserAgent(headers, config)
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
  let dropped = DROP
  if (!isUpgrade) dropped |= DROP_UNLESS_UPGRADE
  if (!isInternal) dropped |= DROP_FROM_EXTERNAL
  if (isEdge) dropped |= DROP_FROM_EDGE
  const found = applyRules(headers, REQUEST_RULES, dropped)
  if ((found & JUDGED) === 0) return
  const referer = headers.get('referer')
  if (referer !== undefined && !REFERER.test(referer)) headers.delete('referer')
  const te = isUpgrade ? undefined : headers.get('te')
  if (te === undefined) return
  if (hasToken(te, 'trailers')) headers.set('te', 'trailers')
  else headers.delete('te')
}

/** A URL with a host, without user information or fragment, or a relative reference without fragment. */
const REFERER =
  /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?][!"$-~]*)?|[!"$-.0-9;-~]*(?:\/[!"$-~]*)?)$/

/** Case-insensitive search for one token of a comma-separated list. */
export function hasToken(list: string, token: string): boolean {
  if (list === token) return true
  for (const part of list.split(',')) if (part.trim().toLowerCase() === token) return true
  return false
}

/** The loopback address means nothing to who reads it elsewhere. */
function appendForwardedFor(headers: RequestHeaderMap, config: HcmConfig, ip: string): void {
  const isLoopback = ip === '127.0.0.1' || ip === '::1'
  appendValue(headers, 'x-forwarded-for', isLoopback ? config.localInfo.address : ip, ',')
}

/** To the value of an inline header. */
export function appendValue(headers: HeaderMap, name: string, value: string, separator: string): void {
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

/** Who asks, for the services behind: the cluster and the node of this proxy. */
function addUserAgent(headers: RequestHeaderMap, config: HcmConfig): void {
  const { clusterName, nodeId } = config.localInfo
  headers.set('x-envoy-downstream-service-cluster', clusterName)
  if ((headers.get('user-agent') ?? '') === '') headers.set('user-agent', clusterName)
  if (nodeId !== '') headers.set('x-envoy-downstream-service-node', nodeId)
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
