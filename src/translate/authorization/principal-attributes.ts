// Who asks: the attributes of a policy that become Envoy principals.

import { eachValue, type Attribute } from './attribute.ts'
import { principals as algebra, type PrincipalInit } from './combine.ts'
import { expandPrincipals, expandTrustDomains } from './trust-domains.ts'
import {
  addressRange,
  eitherValue,
  endingWith,
  exactly,
  headerMatcher,
  isListWith,
  isString,
  likeRegex,
  metadataMatcher,
  notEmpty,
  quoteRegex,
  startingWith,
  stringMatcher,
  type StringMatcherInit,
  type ValueMatcherInit,
} from './value-matchers.ts'

type PrincipalAttribute = Attribute<PrincipalInit>

/** What `connect_terminate` left of the tunnel's certificate: the inner connection has none. */
const peerPrincipal = 'io.istio.peer_principal'

const spiffe = 'spiffe://'

export const sourceIp: PrincipalAttribute = eachValue(algebra, (value) => ({
  identifier: { case: 'directRemoteIp', value: addressRange(value) },
}))

export const remoteIp: PrincipalAttribute = eachValue(algebra, (value) => ({
  identifier: { case: 'remoteIp', value: addressRange(value) },
}))

/** Istio's regular expression; but other characters than `*` stand for themselves. */
export const sourceNamespace: PrincipalAttribute = eachValue(algebra, (value) =>
  identity(likeRegex(`.*/ns/${value.split('*').map(quoteRegex).join('.*')}/.*`)),
)

/** `account` of the policy's own namespace, or `namespace/account`. SPIFFE IDs may have further parts between. */
export const sourceServiceAccount: PrincipalAttribute = eachValue(algebra, (value, { policyNamespace }) => {
  const [namespace, account] = value.includes('/') ? value.split('/') : [policyNamespace, value]
  return identity(likeRegex(`spiffe://.+/ns/${quoteRegex(namespace)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`))
})

export const sourcePrincipal: PrincipalAttribute = {
  httpOnly: false,
  oneOf: (values, { trustDomains }) =>
    algebra.either(expandPrincipals(values, trustDomains).map((value) => identity(principalMatcher(value)))),
}

export const sourceTrustDomain: PrincipalAttribute = {
  httpOnly: false,
  oneOf: (values, { trustDomains }) =>
    algebra.either(expandTrustDomains(values, trustDomains).map((value) => identity(trustDomainMatcher(value)))),
}

/** `issuer/subject`; the issuer may be a URL. */
export const requestPrincipal: PrincipalAttribute = {
  httpOnly: true,
  oneOf: (values) => {
    const each = values.map((value) => {
      const { issuer, subject } = requestPrincipalMatchers(value)
      return algebra.all([claim(['iss'], isString(issuer)), claim(['sub'], isString(subject))])
    })
    return each.length === 1 ? each[0] : algebra.either(each)
  },
}

/** A claim that is text, or a list with such text. */
export function requestClaim(path: readonly string[]): PrincipalAttribute {
  return {
    httpOnly: true,
    oneOf: (values) => {
      const one = eitherValue(values.map((value) => isString(stringMatcher(value))))
      return claim(path, eitherValue([isListWith(one), one]))
    },
  }
}

export const requestAudiences = requestClaim(['aud'])
export const requestPresenter = requestClaim(['azp'])

export function requestHeader(name: string): PrincipalAttribute {
  const one = (value: string): PrincipalInit => ({ identifier: { case: 'header', value: headerMatcher(name, value) } })
  return eachValue(algebra, one, true)
}

function identity(matcher: StringMatcherInit): PrincipalInit {
  return { identifier: { case: 'filterState', value: { key: peerPrincipal, matcher: stringMatch(matcher) } } }
}

function stringMatch(value: StringMatcherInit) {
  return { case: 'stringMatch' as const, value }
}

function principalMatcher(value: string): StringMatcherInit {
  if (value === '*') return notEmpty
  if (value.startsWith('*')) return likeRegex(`${spiffe}.*${quoteRegex(value.slice(1))}`)
  return stringMatcher(spiffe + value)
}

function trustDomainMatcher(value: string): StringMatcherInit {
  if (value === '*') return startingWith(spiffe)
  if (!value.includes('*')) return startingWith(`${spiffe}${value}/`)
  return likeRegex(`${spiffe}${value.split('*').map(quoteRegex).join('[^/]*')}/.*`)
}

function requestPrincipalMatchers(value: string): { issuer: StringMatcherInit; subject: StringMatcherInit } {
  const slash = value.lastIndexOf('/')
  const [issuer, subject] = slash < 0 ? [value, ''] : [value.slice(0, slash), value.slice(slash + 1)]
  if (value === '*') return { issuer: notEmpty, subject: notEmpty }
  if (value.startsWith('*')) {
    if (slash < 0) return { issuer: notEmpty, subject: endingWith(value.slice(1)) }
    return { issuer: issuer === '*' ? notEmpty : endingWith(issuer.slice(1)), subject: exactly(subject) }
  }
  if (value.endsWith('*')) {
    if (slash < 0) return { issuer: startingWith(value.slice(0, -1)), subject: notEmpty }
    return { issuer: exactly(issuer), subject: subject === '*' ? notEmpty : startingWith(subject.slice(0, -1)) }
  }
  return { issuer: exactly(issuer), subject: exactly(subject) }
}

/** What the JWT filter leaves of a token that it has verified. */
function claim(path: readonly string[], value: ValueMatcherInit): PrincipalInit {
  const matcher = metadataMatcher('envoy.filters.http.jwt_authn', ['payload', ...path], value)
  return { identifier: { case: 'metadata', value: matcher } }
}
