// The filter that verifies tokens, from the RequestAuthentications that are attached to a chain. Their rules count together:
// a token must be good for some rule of its issuer, and a request without one goes on.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { RBACSchema } from '../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import {
  JwtAuthenticationSchema,
  type JwtProviderSchema,
  type JwtRequirementSchema,
} from '../../envoy/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js'
import type { HttpFilterSchema } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import type { JwtRule, RequestAuthentication } from '../../resources/istio-security.ts'
import { any } from '../envoy-message.ts'

type HttpFilterInit = MessageInitShape<typeof HttpFilterSchema>
type Requirement = MessageInitShape<typeof JwtRequirementSchema>

/** Where access rules and routes read the claims. */
const PAYLOAD = 'payload'
/** These are lists in disguise, whatever the rule says. */
const spaceDelimited = ['permission', 'scope']

export function authenticationFilters(authentications: readonly RequestAuthentication[]): HttpFilterInit[] {
  if (authentications.some(({ unreadable }) => unreadable !== undefined)) return [denyAll()]
  const rules = authentications
    .flatMap(({ spec }) => spec.jwtRules ?? [])
    .sort((a, b) => compare(a.issuer ?? '', b.issuer ?? ''))
  if (rules.length === 0) return []
  const names = rules.map((_, index) => `origins-${index}`)
  const config = any(JwtAuthenticationSchema, {
    providers: Object.fromEntries(rules.map((rule, index) => [names[index], provider(rule)])),
    rules: [
      {
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        requirementType: { case: 'requires', value: requirementOf(names) },
      },
    ],
    bypassCorsPreflight: true,
  })
  return [{ name: 'envoy.filters.http.jwt_authn', configType: { case: 'typedConfig', value: config } }]
}

/** The keys are in the object: fetching them is nothing that a pure function can do. */
export function hasKeys({ jwks = '' }: JwtRule): boolean {
  return jwks !== ''
}

function provider(rule: JwtRule): MessageInitShape<typeof JwtProviderSchema> {
  return {
    issuer: rule.issuer ?? '',
    audiences: [...(rule.audiences ?? [])],
    jwksSourceSpecifier: {
      case: 'localJwks',
      value: { specifier: { case: 'inlineString', value: hasKeys(rule) ? (rule.jwks ?? '') : keysOfNobody } },
    },
    forward: rule.forwardOriginalToken ?? false,
    fromHeaders: (rule.fromHeaders ?? []).map(({ name, prefix = '' }) => ({ name, valuePrefix: prefix })),
    fromParams: [...(rule.fromParams ?? [])],
    fromCookies: [...(rule.fromCookies ?? [])],
    forwardPayloadHeader: rule.outputPayloadToHeader ?? '',
    claimToHeaders: (rule.outputClaimToHeaders ?? []).map(({ header, claim }) => ({
      headerName: header,
      claimName: claim,
    })),
    payloadInMetadata: PAYLOAD,
    normalizePayloadInMetadata: {
      spaceDelimitedClaims: [...new Set([...spaceDelimited, ...(rule.spaceDelimitedClaims ?? [])])].sort(),
    },
    // Routes may match on claims.
    clearRouteCache: true,
  }
}

/** Each token is good or missing; or one is good, which helps where rules look in the same place. */
function requirementOf(names: readonly string[]): Requirement {
  const goodOrMissing = names.map((name) =>
    group('requiresAny', [named(name), { requiresType: { case: 'allowMissing', value: {} } }]),
  )
  if (names.length === 1) return goodOrMissing[0]
  return group('requiresAny', [...names.map(named), group('requiresAll', goodOrMissing)])
}

function named(name: string): Requirement {
  return { requiresType: { case: 'providerName', value: name } }
}

function group(kind: 'requiresAny' | 'requiresAll', requirements: Requirement[]): Requirement {
  return { requiresType: { case: kind, value: { requirements } } }
}

/** Nobody knows the private half: it is the SHA-256 of a sentence. Every token of the issuer fails. */
const keysOfNobody = JSON.stringify({
  keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'nobody', x: 'pmryMf43ZL9U7jMZ9V9H30jfrlBaKDP2pNNcbUIReYg' }],
})

/** ALLOW without a policy: nobody is allowed. */
function denyAll(): HttpFilterInit {
  const value = any(RBACSchema, { rules: {} })
  return { name: 'envoy.filters.http.rbac', configType: { case: 'typedConfig', value } }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
