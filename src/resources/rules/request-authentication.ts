// What Istio's validation demands of a RequestAuthentication beyond its structure, and that its keys are some.

import type { FieldPath } from '../field-path.ts'
import type { JwtRule, RequestAuthentication } from '../istio-security.ts'
import type { Report } from '../schema.ts'
import { checkPolicyTarget } from './policy-target.ts'

export function checkRequestAuthentication({ spec }: RequestAuthentication, report: Report): void {
  checkPolicyTarget(spec, report)
  for (const [index, rule] of (spec.jwtRules ?? []).entries()) checkRule(rule, ['spec', 'jwtRules', index], report)
}

function checkRule(rule: JwtRule, path: FieldPath, report: Report): void {
  const { issuer, jwksUri, jwks_uri: olderUri, jwks } = rule
  const uri = jwksUri ?? olderUri
  if (issuer === undefined && uri === undefined) report(path, 'needs an issuer or a jwksUri', 'name the issuer')
  if (uri !== undefined && !/^https?:\/\/[^/?#]+/.test(uri)) {
    report([...path, jwksUri === undefined ? 'jwks_uri' : 'jwksUri'], 'is no http or https URL')
  }
  if (jwks === undefined || jwks === '') return
  const problem = problemOfKeys(jwks)
  if (problem !== undefined) report([...path, 'jwks'], problem, 'write a JSON Web Key Set (RFC 7517)')
}

/** The members that a key of each type must have. */
const members: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['x', 'y'],
  OKP: ['crv', 'x'],
  oct: ['k'],
}

function problemOfKeys(text: string): string | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'is no JSON'
  }
  const keys = (json as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) return 'has no list of keys'
  return keys.some(isKey) ? undefined : 'has no key that could verify a token'
}

function isKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false
  const { kty, ...rest } = key as Readonly<Record<string, unknown>>
  if (typeof kty !== 'string' || !Object.hasOwn(members, kty)) return false
  return members[kty].every((member) => typeof rest[member] === 'string')
}
