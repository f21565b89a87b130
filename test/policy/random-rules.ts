// Envoy's rules of every kind that Cairn executes, as JSON of envoy.extensions.filters.http.rbac.v3.RBAC.

import {
  headerNames,
  headerValues,
  hosts,
  methods,
  path,
  ranges,
  regexes,
  segments,
  spiffeId,
  trustDomains,
  words,
  type Dice,
} from './vocabulary.ts'
import type { Json } from './random-request.ts'

type JsonObject = { [key: string]: Json }

const CLAIMS = 'envoy.filters.http.jwt_authn'

/** `ports` are those that connections come on. */
export function randomRules(dice: Dice, policy: number, ports: readonly number[]): JsonObject {
  const rules = new RandomRules(dice, policy, ports)
  const shadow: JsonObject = dice.once(3) ? { shadowRules: rules.rbac(), shadowRulesStatPrefix: 'dry_' } : {}
  return dice.once(10) ? { matcher: rules.matcher(2), ...shadow } : { rules: rules.rbac(), ...shadow }
}

class RandomRules {
  private readonly dice: Dice
  private readonly policy: number
  private readonly ports: readonly number[]

  constructor(dice: Dice, policy: number, ports: readonly number[]) {
    this.dice = dice
    this.policy = policy
    this.ports = ports
  }

  private oneOf(makers: readonly (() => object)[]): JsonObject {
    return this.dice.pick(makers)() as JsonObject
  }

  rbac(): JsonObject {
    const { dice } = this
    const policies: JsonObject = {}
    for (const name of dice.some(0, 3, () => dice.pick(['p', 'q', 'P', 'a b', 'ns[a]-policy[b]-rule[0]']))) {
      policies[name] = {
        permissions: dice.some(1, 2, () => this.permission(3)),
        principals: dice.some(1, 2, () => this.principal(3)),
      }
    }
    return { action: dice.pick(['ALLOW', 'ALLOW', 'DENY', 'DENY', 'LOG']), policies }
  }

  private permission(depth: number): JsonObject {
    const { dice } = this
    if (depth > 0 && dice.once(2)) {
      const rules = () => dice.some(1, 3, () => this.permission(depth - 1))
      return this.oneOf([
        () => ({ andRules: { rules: rules() } }),
        () => ({ orRules: { rules: rules() } }),
        () => ({ notRule: this.permission(depth - 1) }),
      ])
    }
    return this.oneOf([
      () => ({ any: true }),
      () => ({ header: this.header() }),
      () => ({ urlPath: this.urlPath() }),
      () => ({ urlPath: this.urlPath() }),
      () => ({ uriTemplate: this.template() }),
      () => ({ destinationIp: this.range() }),
      () => ({ destinationPort: dice.pick([...this.ports, 80]) }),
      () => ({ destinationPortRange: { start: dice.pick([0, ...this.ports]), end: 65_536 } }),
      () => ({ requestedServerName: dice.once(2) ? { exact: '' } : this.string(['a', 'b']) }),
      () => ({ metadata: this.metadata() }),
      () => ({ sourcedMetadata: this.sourcedMetadata() }),
    ])
  }

  private principal(depth: number): JsonObject {
    const { dice } = this
    if (depth > 0 && dice.once(2)) {
      const ids = () => dice.some(1, 3, () => this.principal(depth - 1))
      return this.oneOf([
        () => ({ andIds: { ids: ids() } }),
        () => ({ orIds: { ids: ids() } }),
        () => ({ notId: this.principal(depth - 1) }),
      ])
    }
    return this.oneOf([
      () => ({ any: true }),
      () => ({ authenticated: dice.once(2) ? {} : { principalName: this.string([spiffeId(dice)]) } }),
      () => ({ sourceIp: this.range() }),
      () => ({ directRemoteIp: this.range() }),
      () => ({ remoteIp: this.range() }),
      () => ({ header: this.header() }),
      () => ({ urlPath: this.urlPath() }),
      () => ({ metadata: this.metadata() }),
      () => ({ sourcedMetadata: this.sourcedMetadata() }),
      () => ({ filterState: { key: 'io.istio.peer_principal', stringMatch: this.identity() } }),
      () => ({ filterState: { key: dice.pick(['io.istio.peer_principal', 'none']), stringMatch: this.identity() } }),
    ])
  }

  /** A tree of inputs that leads to actions. */
  matcher(depth: number): JsonObject {
    const { dice } = this
    const onMatch = (): JsonObject =>
      depth > 0 && dice.once(3) ? { matcher: this.matcher(depth - 1) } : { action: this.action() }
    const map = (keys: readonly string[]) => Object.fromEntries(dice.some(1, 3, () => [dice.pick(keys), onMatch()]))
    const onNoMatch: JsonObject = dice.once(2) ? { onNoMatch: onMatch() } : {}
    const { input, values } = this.input()
    const tree = this.oneOf([
      () => ({ matcherTree: { input, exactMatchMap: { map: map(values) } } }),
      () => ({ matcherTree: { input, prefixMatchMap: { map: map(values.map((value) => value.slice(0, 2) || 'a')) } } }),
      () => ({
        matcherList: {
          matchers: dice.some(1, 3, () => ({ predicate: this.predicate(2), onMatch: onMatch() })),
        },
      }),
    ])
    return { ...tree, ...onNoMatch }
  }

  private predicate(depth: number): JsonObject {
    const { dice } = this
    if (depth > 0 && dice.once(2)) {
      const predicate = [this.predicate(depth - 1), this.predicate(depth - 1)]
      return dice.pick<JsonObject>([
        { andMatcher: { predicate } },
        { orMatcher: { predicate } },
        { notMatcher: predicate[0] },
      ])
    }
    const { input, values } = this.input()
    const match = this.string(values)
    // xDS' own message insists on the engine's name.
    const valueMatch =
      'safeRegex' in match ? { safeRegex: { ...(match['safeRegex'] as object), googleRe2: {} } } : match
    return { singlePredicate: { input, valueMatch } }
  }

  private input(): { input: JsonObject; values: readonly string[] } {
    const { dice } = this
    const named = (type: string, config: JsonObject = {}): JsonObject => ({
      name: 'input',
      typedConfig: { '@type': `type.googleapis.com/${type}`, ...config },
    })
    const network = 'envoy.extensions.matching.common_inputs.network.v3.'
    return dice.pick([
      () => ({ input: named('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: dice.pick(headerNames) }), values: headerValues }),
      () => ({ input: named('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: ':path' }), values: [path(dice)] }),
      () => ({ input: named('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: ':method' }), values: methods }),
      () => ({ input: named(`${network}DestinationPortInput`), values: this.ports.map(String) }),
      () => ({ input: named(`${network}DirectSourceIPInput`), values: ['127.0.0.1', '127.1.2.3'] }),
    ])() // prettier-ignore
  }

  private action(): JsonObject {
    const name = this.dice.pick(['one', 'two', 'three'])
    const action = this.dice.pick(['ALLOW', 'DENY', 'LOG'])
    return { name, typedConfig: { '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action', name, action } }
  }

  private string(values: readonly string[]): JsonObject {
    const { dice } = this
    const value = dice.pick(values)
    const at = dice.below(value.length + 1)
    const filled = (text: string) => (text === '' ? 'a' : text)
    const matcher = this.oneOf([
      () => ({ exact: value }),
      () => ({ prefix: filled(value.slice(0, at)) }),
      () => ({ suffix: filled(value.slice(at)) }),
      () => ({ contains: filled(value.slice(at, at + 2)) }),
      () => ({ safeRegex: { regex: dice.pick(regexes) } }),
    ])
    return dice.once(4) && !('safeRegex' in matcher) ? { ...matcher, ignoreCase: true } : matcher
  }

  private header(): JsonObject {
    const { dice } = this
    const [name, values] = dice.pick([
      [dice.pick(headerNames), headerValues],
      [dice.pick(headerNames), headerValues],
      [':method', methods],
      [':authority', hosts.map((host) => `${host}.p${this.policy}.test`)],
      [':path', [path(dice), `${path(dice)}?q=1`]],
      ['x-missing', ['a']],
    ] as [string, readonly string[]][])
    const match = this.oneOf([
      () => ({ stringMatch: this.string(values) }),
      () => ({ stringMatch: this.string(values) }),
      () => ({ presentMatch: !dice.once(3) }),
      () => ({ rangeMatch: { start: '5', end: '13' } }),
    ])
    return {
      name,
      ...match,
      ...(dice.once(5) ? { invertMatch: true } : {}),
      ...(dice.once(6) ? { treatMissingHeaderAsEmpty: true } : {}),
    }
  }

  private urlPath(): JsonObject {
    return { path: this.string([path(this.dice)]) }
  }

  private template(): JsonObject {
    const { dice } = this
    let names = 0
    const parts = dice.some(0, 3, () =>
      dice.pick<() => string>([() => '*', () => `{v${names++}}`, () => `{v${names++}=*}`, () => dice.pick(segments), () => dice.pick(segments)])(),
    ) // prettier-ignore
    if (dice.once(3)) parts.push('**')
    if (dice.once(4)) parts.push(dice.pick(segments))
    const pathTemplate = `/${parts.join('/')}${parts.length > 0 && dice.once(6) ? '/' : ''}`
    const type = 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig'
    return { name: 'uri-template', typedConfig: { '@type': `type.googleapis.com/${type}`, pathTemplate } }
  }

  private range(): JsonObject {
    const [addressPrefix, prefixLen] = this.dice.pick(ranges)
    return { addressPrefix, prefixLen }
  }

  private identity(): JsonObject {
    return this.string([spiffeId(this.dice), 'spiffe://', `spiffe://${this.dice.pick(trustDomains)}/`])
  }

  private metadata(): JsonObject {
    const { dice } = this
    const keys = dice.pick([['iss'], ['sub'], ['aud'], ['groups'], ['nested', 'key'], ['nested', 'deep', 'list'], ['level'], ['flag'], ['nothing'], ['missing']]) // prettier-ignore
    return {
      filter: dice.once(12) ? 'other' : CLAIMS,
      path: ['payload', ...keys].map((key) => ({ key })),
      value: this.value(2),
      ...(dice.once(5) ? { invert: true } : {}),
    }
  }

  private sourcedMetadata(): JsonObject {
    const { dice } = this
    if (dice.once(3)) return { metadataMatcher: this.metadata(), metadataSource: 'DYNAMIC' }
    const metadataMatcher = {
      filter: 'app',
      path: [{ key: dice.pick(['team', 'level', 'none']) }],
      value: this.value(1),
    }
    return { metadataMatcher, metadataSource: 'ROUTE' }
  }

  private value(depth: number): JsonObject {
    const { dice } = this
    if (depth > 0 && dice.once(3)) {
      return dice.once(2)
        ? { listMatch: { oneOf: this.value(depth - 1) } }
        : { orMatch: { valueMatchers: [this.value(depth - 1), this.value(depth - 1)] } }
    }
    return this.oneOf([
      () => ({ stringMatch: this.string([...words, 'issuer', 'sub', 'blue']) }),
      () => ({ stringMatch: this.string(words) }),
      () => ({ doubleMatch: dice.once(2) ? { exact: 1 } : { range: { start: 0, end: 2.5 } } }),
      () => ({ boolMatch: dice.once(2) }),
      () => ({ presentMatch: true }),
      () => ({ nullMatch: {} }),
    ])
  }
}
