// What a request must bring: a token of a provider, any or all of several things. A requirement answers at once, unless keys
// have to be fetched first.

import type { RequestHeaderMap } from '../../../codec/header-map.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { isJwt, parseJwt } from './jwt.ts'
import type { Jwt } from './jwt.ts'
import { verifySignature } from './jwks.ts'
import type { Jwks } from './jwks.ts'
import { payloadMetadata, problemOfToken, writeHeaders } from './jwt-provider.ts'
import type { AudienceCheck, JwtProvider } from './jwt-provider.ts'
import { FETCH_FAILED, JWT_MISSING, JWT_OK, NO_VALID_KEYS, UNKNOWN_ISSUER } from './jwt-status.ts'
import type { JwtStatus } from './jwt-status.ts'
import type { Keys } from './provider-keys.ts'
import { allowsIssuer, findTokens, removeToken } from './token-location.ts'
import type { FoundToken, TokenLocations } from './token-location.ts'
import type { VerifiedTokens } from './verified-tokens.ts'

export type Verdict = JwtStatus | Promise<JwtStatus>

export type Requirement = TokenRequirement | GroupRequirement | typeof NO_REQUIREMENT

/** A message without any of its kinds: everyone may pass. */
export const NO_REQUIREMENT = { kind: 'none' } as const

export interface GroupRequirement {
  readonly kind: 'any' | 'all'
  readonly members: readonly Requirement[]
}

export interface TokenRequirement {
  readonly kind: 'token'
  /** Undefined: any provider's, found by the token's issuer. */
  readonly provider: JwtProvider | undefined
  /** Instead of the provider's own. */
  readonly audiences: AudienceCheck | undefined
  readonly locations: TokenLocations
  readonly allowsMissing: boolean
  readonly allowsFailed: boolean
  readonly providers: ProviderSet
}

/** All providers of a filter. */
export interface ProviderSet {
  readonly verified: VerifiedTokens
  /** The only one, if there is only one. */
  readonly single: JwtProvider | undefined
  byIssuer(issuer: string): JwtProvider | undefined
}

/** One request before its requirement. */
export class JwtRequest {
  readonly headers: RequestHeaderMap
  readonly nowSeconds: number
  /** For dynamic metadata; undefined when there is nothing to tell. */
  extracted: MetadataStruct | undefined = undefined
  clearsRoute = false

  constructor(headers: RequestHeaderMap, nowSeconds: number) {
    this.headers = headers
    this.nowSeconds = nowSeconds
  }
}

export function verify(requirement: Requirement, request: JwtRequest): Verdict {
  switch (requirement.kind) {
    case 'none':
      return JWT_OK
    case 'token':
      removeForgedHeaders(requirement.locations.sanitized, request.headers)
      return verifyTokens(requirement, request, findTokens(requirement.locations, request.headers), JWT_MISSING)
    case 'any':
    case 'all':
      return verifyGroup(requirement, request, 0, undefined)
  }
}

/** Members in turn, until one decides. */
function verifyGroup(
  group: GroupRequirement,
  request: JwtRequest,
  from: number,
  worst: JwtStatus | undefined,
): Verdict {
  const { members } = group
  let failure = worst
  for (let i = from; i < members.length; i++) {
    const verdict = verify(members[i], request)
    if (verdict instanceof Promise) {
      const sofar = failure
      return verdict.then((status) =>
        decides(group, status) ? status : verifyGroup(group, request, i + 1, worse(sofar, status)),
      )
    }
    if (decides(group, verdict)) return verdict
    failure = worse(failure, verdict)
  }
  return group.kind === 'all' ? JWT_OK : (failure ?? JWT_OK)
}

function decides(group: GroupRequirement, status: JwtStatus): boolean {
  return (status === JWT_OK) === (group.kind === 'any')
}

/** Of several failures the one that says most: that a token is missing, or another issuer's, says least. */
function worse(before: JwtStatus | undefined, status: JwtStatus): JwtStatus {
  if (before === undefined || status === JWT_OK) return status
  return status === JWT_MISSING || (status === UNKNOWN_ISSUER && before !== JWT_MISSING) ? before : status
}

/** The last token found is judged first. All must be good, or an upstream might use the bad one. */
function verifyTokens(
  requirement: TokenRequirement,
  request: JwtRequest,
  tokens: FoundToken[],
  before: JwtStatus,
): Verdict {
  let status = before
  for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
    const verdict = verifyToken(requirement, request, token)
    if (verdict instanceof Promise) {
      return verdict.then((later) =>
        isFinal(requirement, later) ? later : verifyTokens(requirement, request, tokens, later),
      )
    }
    status = verdict
    if (isFinal(requirement, status)) return status
  }
  if (status === JWT_MISSING) noteFailure(requirement, requirement.provider, request, status)
  return requirement.allowsFailed || (requirement.allowsMissing && status === JWT_MISSING) ? JWT_OK : status
}

function isFinal(requirement: TokenRequirement, status: JwtStatus): boolean {
  return status !== JWT_OK && !requirement.allowsFailed && !requirement.allowsMissing
}

function verifyToken(requirement: TokenRequirement, request: JwtRequest, token: FoundToken): Verdict {
  const { verified } = requirement.providers
  const known = verified.find(token.text, requirement.provider !== undefined)
  const jwt = known?.jwt ?? parseJwt(token.text)
  if (!isJwt(jwt)) return failed(requirement, requirement.provider, request, jwt)
  if (!allowsIssuer(token.issuers, jwt.issuer))
    return failed(requirement, requirement.provider, request, UNKNOWN_ISSUER)
  const provider = requirement.provider ?? requirement.providers.byIssuer(jwt.issuer)
  if (provider === undefined) return failed(requirement, undefined, request, UNKNOWN_ISSUER)
  const problem = problemOfToken(jwt, provider, requirement.audiences ?? provider.audiences, request.nowSeconds)
  if (problem !== undefined) return failed(requirement, provider, request, problem)
  const keys = provider.keys.current()
  if (keys instanceof Promise) {
    return keys.then((fetched) => judge(requirement, provider, request, token, jwt, fetched, undefined))
  }
  return judge(requirement, provider, request, token, jwt, keys, known?.keys)
}

/** `knownKeys` have verified the token before. */
function judge(
  requirement: TokenRequirement,
  provider: JwtProvider,
  request: JwtRequest,
  token: FoundToken,
  jwt: Jwt,
  keys: Keys,
  knownKeys: Jwks | undefined,
): JwtStatus {
  if (keys === undefined) {
    return failed(requirement, provider, request, provider.keys.isRemote ? FETCH_FAILED : NO_VALID_KEYS)
  }
  if (knownKeys !== keys) {
    const status = verifySignature(jwt, keys)
    if (status !== JWT_OK) return failed(requirement, provider, request, status)
    requirement.providers.verified.add(token.text, { jwt, keys })
  }
  accept(provider, request, token, jwt)
  return JWT_OK
}

function accept(provider: JwtProvider, request: JwtRequest, token: FoundToken, jwt: Jwt): void {
  writeHeaders(jwt, provider, request.headers)
  if (!provider.forward) removeToken(token, request.headers)
  const { headerInMetadata, payloadInMetadata } = provider
  if (headerInMetadata !== '') extract(request, headerInMetadata, jwt.header)
  if (payloadInMetadata !== '') extract(request, payloadInMetadata, payloadMetadata(jwt, provider))
  if (provider.clearsRoute && (provider.claimHeaders.length > 0 || payloadInMetadata !== '')) request.clearsRoute = true
}

function failed(
  requirement: TokenRequirement,
  provider: JwtProvider | undefined,
  request: JwtRequest,
  status: JwtStatus,
): JwtStatus {
  noteFailure(requirement, provider, request, status)
  return status
}

function noteFailure(
  requirement: TokenRequirement,
  provider: JwtProvider | undefined,
  request: JwtRequest,
  status: JwtStatus,
): void {
  const name = (provider ?? requirement.providers.single)?.failedStatusInMetadata ?? ''
  if (name !== '') extract(request, name, { code: String(status.code), message: status.text })
}

function extract(request: JwtRequest, name: string, value: MetadataStruct): void {
  request.extracted ??= {}
  request.extracted[name] = value
}

function removeForgedHeaders(names: readonly string[], headers: RequestHeaderMap): void {
  for (const name of names) headers.delete(name)
}
