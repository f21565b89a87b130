// JwtProvider of envoy.extensions.filters.http.jwt_authn.v3.

import type {
  JwtProvider as ProviderMessage,
  RemoteJwks,
} from '../../../envoy/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js'
import type { DataSource } from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileStringMatcher } from '../../matching/string-matcher.ts'
import { durationMs } from '../../stream/config-values.ts'
import { parseJwks } from './jwks.ts'
import { sanitizeAudience } from './jwt-provider.ts'
import type { AudienceCheck, JwtProvider } from './jwt-provider.ts'
import { fixedKeys } from './provider-keys.ts'
import type { ProviderKeys, RemoteKeysConfig } from './provider-keys.ts'

/** What a set of remote keys is asked for: the filter has the means. */
export interface RemoteSource {
  readonly cluster: string
  readonly uri: string
  readonly timeoutMs: number
  readonly keys: RemoteKeysConfig
}

export type CreateRemoteKeys = (source: RemoteSource) => ProviderKeys

const DEFAULT_CLOCK_SKEW_SECONDS = 60
const DEFAULT_CACHE_MS = 600_000
const DEFAULT_FAILED_REFETCH_MS = 1000
const DEFAULT_RETRY_BASE_MS = 1000

export function compileProvider(
  name: string,
  message: ProviderMessage,
  createRemoteKeys: CreateRemoteKeys,
  problems: Problems,
): JwtProvider {
  return {
    name,
    issuer: message.issuer,
    keys: compileKeys(message, createRemoteKeys, problems),
    audiences: compileAudiences(message.audiences),
    subject:
      message.subjects === undefined
        ? undefined
        : compileStringMatcher(message.subjects, 'text', problems.at('subjects')),
    maxLifetimeSeconds: maxLifetime(message),
    clockSkewSeconds: message.clockSkewSeconds === 0 ? DEFAULT_CLOCK_SKEW_SECONDS : message.clockSkewSeconds,
    forward: message.forward,
    payloadHeader: message.forwardPayloadHeader.toLowerCase(),
    padsPayloadHeader: message.padForwardPayloadHeader,
    claimHeaders: message.claimToHeaders.map(({ headerName, claimName, claimPath }) => ({
      header: headerName.toLowerCase(),
      path: claimPath.length > 0 ? claimPath.map(({ key }) => key) : claimName.split('.'),
    })),
    payloadInMetadata: message.payloadInMetadata,
    headerInMetadata: message.headerInMetadata,
    failedStatusInMetadata: message.failedStatusInMetadata,
    spaceDelimitedClaims: message.normalizePayloadInMetadata?.spaceDelimitedClaims ?? [],
    clearsRoute: message.clearRouteCache,
  }
}

/** Undefined: any will do. */
export function compileAudiences(audiences: readonly string[]): AudienceCheck | undefined {
  return audiences.length === 0 ? undefined : new Set(audiences.map(sanitizeAudience))
}

/** The limit stands in for require_expiration where both are set. */
function maxLifetime(message: ProviderMessage): number | undefined {
  const limitMs = durationMs(message.maxLifetime)
  if (limitMs !== undefined) return limitMs / 1000
  return message.requireExpiration ? Infinity : undefined
}

function compileKeys(message: ProviderMessage, createRemoteKeys: CreateRemoteKeys, problems: Problems): ProviderKeys {
  const source = message.jwksSourceSpecifier
  if (source.case === 'remoteJwks') return createRemoteKeys(compileRemote(source.value, problems.at('remote_jwks')))
  if (source.case === undefined) return fixedKeys(undefined)
  const at = problems.at('local_jwks')
  const text = inlineOf(source.value, at)
  const keys = text === undefined ? undefined : parseJwks(text)
  if (text !== undefined && keys === undefined) at.add('this is no JSON Web Key Set with a key that can be used')
  return fixedKeys(keys)
}

function inlineOf(source: DataSource, problems: Problems): string | Uint8Array | undefined {
  const { specifier } = source
  if (specifier.case === 'inlineString' || specifier.case === 'inlineBytes') return specifier.value
  problems.add('the keys must be inline')
  return undefined
}

function compileRemote(message: RemoteJwks, problems: Problems): RemoteSource {
  const { httpUri, asyncFetch, retryPolicy } = message
  const uri = httpUri?.uri ?? ''
  if (!/^https?:\/\/[^/?#]+/.test(uri)) problems.at('http_uri').at('uri').add(`"${uri}" is no http or https URI`)
  const timeoutMs = durationMs(httpUri?.timeout) ?? 0
  const retryBaseMs = durationMs(retryPolicy?.retryBackOff?.baseInterval) ?? DEFAULT_RETRY_BASE_MS
  // Where calls are tried again, Envoy gives each try as long as the longest pause between two.
  const retryMaxMs = durationMs(retryPolicy?.retryBackOff?.maxInterval) ?? retryBaseMs * 10
  return {
    cluster: httpUri?.httpUpstreamType.case === 'cluster' ? httpUri.httpUpstreamType.value : '',
    uri,
    timeoutMs: retryPolicy === undefined ? timeoutMs : Math.min(timeoutMs, retryMaxMs),
    keys: {
      cacheMs: durationMs(message.cacheDuration) ?? DEFAULT_CACHE_MS,
      prefetches: asyncFetch !== undefined,
      failedRefetchMs: durationMs(asyncFetch?.failedRefetchDuration) ?? DEFAULT_FAILED_REFETCH_MS,
      retries: retryPolicy === undefined ? 0 : (retryPolicy.numRetries ?? 1),
      retryBaseMs,
      retryMaxMs,
    },
  }
}
