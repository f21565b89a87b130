// JwtRequirement of envoy.extensions.filters.http.jwt_authn.v3, with the places where its tokens are looked for.

import type {
  JwtProvider as ProviderMessage,
  JwtRequirement,
} from '../../../envoy/generated/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileAudiences } from './compile-provider.ts'
import type { JwtProvider } from './jwt-provider.ts'
import { NO_REQUIREMENT } from './requirement.ts'
import type { ProviderSet, Requirement, TokenRequirement } from './requirement.ts'
import type { TokenLocations } from './token-location.ts'

export interface CompiledProvider {
  readonly provider: JwtProvider
  readonly message: ProviderMessage
}

export interface RequirementContext {
  readonly compiled: ReadonlyMap<string, CompiledProvider>
  readonly providers: ProviderSet
}

/** `siblings`: providers of the requires_any around it, whose locations allow_missing looks at; without any, all providers'. */
export function compileRequirement(
  message: JwtRequirement,
  context: RequirementContext,
  problems: Problems,
  siblings: readonly CompiledProvider[] = [],
): Requirement {
  const kind = message.requiresType
  switch (kind.case) {
    case 'providerName': {
      const found = providerNamed(kind.value, context, problems.at('provider_name'))
      return found === undefined ? NO_REQUIREMENT : tokenOf(found, context, undefined)
    }
    case 'providerAndAudiences': {
      const { providerName, audiences } = kind.value
      const found = providerNamed(providerName, context, problems.at('provider_and_audiences').at('provider_name'))
      return found === undefined ? NO_REQUIREMENT : tokenOf(found, context, compileAudiences(audiences))
    }
    case 'requiresAny':
      return compileAny(kind.value.requirements, context, problems.at('requires_any').at('requirements'))
    case 'requiresAll': {
      const at = problems.at('requires_all').at('requirements')
      const members = kind.value.requirements.map((one, i) => compileRequirement(one, context, at.at(i)))
      return { kind: 'all', members }
    }
    case 'allowMissing':
    case 'allowMissingOrFailed': {
      const asked = siblings.length > 0 ? siblings : [...context.compiled.values()]
      return anyProvider(asked, context, kind.case === 'allowMissingOrFailed')
    }
    case 'extractOnlyWithoutValidation':
      problems.at('extract_only_without_validation').add('tokens are not passed on without being verified')
      return NO_REQUIREMENT
    case undefined:
      return NO_REQUIREMENT
  }
}

/** Of the lenient kinds one counts, the more lenient, and behind all others. */
function compileAny(members: readonly JwtRequirement[], context: RequirementContext, problems: Problems): Requirement {
  const siblings: CompiledProvider[] = []
  const strict: Requirement[] = []
  let lenient: Requirement | undefined
  let isMostLenient = false
  const kindOf = (one: JwtRequirement): JwtRequirement['requiresType']['case'] => one.requiresType.case
  for (const { requiresType } of members) {
    const name =
      requiresType.case === 'providerName'
        ? requiresType.value
        : requiresType.case === 'providerAndAudiences'
          ? requiresType.value.providerName
          : undefined
    const found = name === undefined ? undefined : context.compiled.get(name)
    if (found !== undefined) siblings.push(found)
  }
  members.forEach((one, i) => {
    if (kindOf(one) !== 'allowMissing' && kindOf(one) !== 'allowMissingOrFailed') {
      strict.push(compileRequirement(one, context, problems.at(i)))
    } else if (lenient === undefined || !isMostLenient) {
      isMostLenient = kindOf(one) === 'allowMissingOrFailed'
      lenient = compileRequirement(one, context, problems.at(i), siblings)
    }
  })
  return { kind: 'any', members: lenient === undefined ? strict : [...strict, lenient] }
}

function providerNamed(name: string, context: RequirementContext, problems: Problems): CompiledProvider | undefined {
  const found = context.compiled.get(name)
  if (found === undefined) problems.add(`there is no provider "${name}"`)
  return found
}

function tokenOf(
  { provider, message }: CompiledProvider,
  context: RequirementContext,
  audiences: TokenRequirement['audiences'],
): TokenRequirement {
  return {
    kind: 'token',
    provider,
    audiences,
    locations: compileLocations([message]),
    allowsMissing: false,
    allowsFailed: false,
    providers: context.providers,
  }
}

function anyProvider(
  asked: readonly CompiledProvider[],
  context: RequirementContext,
  allowsFailed: boolean,
): TokenRequirement {
  return {
    kind: 'token',
    provider: undefined,
    audiences: undefined,
    locations: compileLocations(asked.map(({ message }) => message)),
    allowsMissing: true,
    allowsFailed,
    providers: context.providers,
  }
}

interface MutableCheck {
  any: boolean
  readonly issuers: Set<string>
}

/** What providers share is looked at once. Sorted as Envoy's maps are: which token is judged first depends on it. */
export function compileLocations(providers: readonly ProviderMessage[]): TokenLocations {
  const headers = new Map<string, { name: string; valuePrefix: string; issuers: MutableCheck }>()
  const parameters = new Map<string, { name: string; issuers: MutableCheck }>()
  const cookies = new Map<string, { name: string; issuers: MutableCheck }>()
  const sanitized: string[] = []
  for (const message of providers) {
    const addHeader = (name: string, valuePrefix: string): void => {
      const key = name + valuePrefix
      const entry = headers.get(key) ?? { name, valuePrefix, issuers: newCheck() }
      headers.set(key, entry)
      allow(entry.issuers, message.issuer)
    }
    const addNamed = (map: typeof parameters, name: string): void => {
      const entry = map.get(name) ?? { name, issuers: newCheck() }
      map.set(name, entry)
      allow(entry.issuers, message.issuer)
    }
    for (const { name, valuePrefix } of message.fromHeaders) addHeader(name.toLowerCase(), valuePrefix)
    for (const name of message.fromParams) addNamed(parameters, name)
    for (const name of message.fromCookies) addNamed(cookies, name)
    if (message.fromHeaders.length + message.fromParams.length + message.fromCookies.length === 0) {
      addHeader('authorization', 'Bearer ')
      addNamed(parameters, 'access_token')
    }
    if (message.forwardPayloadHeader !== '') sanitized.push(message.forwardPayloadHeader.toLowerCase())
    for (const { headerName } of message.claimToHeaders) sanitized.push(headerName.toLowerCase())
  }
  return { headers: sorted(headers), parameters: sorted(parameters), cookies: sorted(cookies), sanitized }
}

function newCheck(): MutableCheck {
  return { any: false, issuers: new Set() }
}

function allow(check: MutableCheck, issuer: string): void {
  if (issuer === '') check.any = true
  else check.issuers.add(issuer)
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
