// AuthorizationPolicies of every field, read as a user's text is and translated to Envoy's rules.

import { toJson } from '@bufbuild/protobuf'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { RBACSchema } from '../../src/envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { formatDiagnostic } from '../../src/resources/diagnostic.ts'
import type { AuthorizationPolicy } from '../../src/resources/istio-security.ts'
import { parseObjects } from '../../src/resources/parse-objects.ts'
import { rbacRules } from '../../src/translate/authorization/rbac-rules.ts'
import type { Json } from './random-request.ts'
import {
  accounts,
  headerNames,
  headerValues,
  hosts,
  issuers,
  methods,
  namespaces,
  path,
  ranges,
  segments,
  subjects,
  trustDomains,
  words,
  type Dice,
} from './vocabulary.ts'

type JsonObject = { [key: string]: Json }

/** The rules of one filter, made of one to three policies of the same action. Throws if Cairn refuses what it should not. */
export function randomPolicy(dice: Dice, policy: number, ports: readonly number[]): JsonObject {
  const random = new RandomPolicy(dice, policy, ports)
  const action = dice.pick(['ALLOW', 'ALLOW', 'DENY', 'AUDIT'] as const)
  const policies = dice.some(1, 3, () => random.policy(action)).map(read)
  const rules = rbacRules(action, policies, 'http', dice.once(3) ? trustDomains : ['cluster.local'])
  return { rules: toJson(RBACSchema, rules, { registry }) }
}

function read(object: JsonObject): AuthorizationPolicy {
  const { objects, diagnostics } = parseObjects(JSON.stringify(object), 'policy')
  if (objects.length !== 1)
    throw new Error(`${diagnostics.map(formatDiagnostic).join('\n')}\n${JSON.stringify(object)}`)
  return objects[0] as AuthorizationPolicy
}

class RandomPolicy {
  private readonly dice: Dice
  private readonly policyNumber: number
  private readonly ports: readonly string[]

  constructor(dice: Dice, policyNumber: number, ports: readonly number[]) {
    this.dice = dice
    this.policyNumber = policyNumber
    this.ports = [...ports, 80].map(String)
  }

  policy(action: string): JsonObject {
    const { dice } = this
    const rules = dice.some(action === 'DENY' ? 1 : 0, 3, () => this.rule())
    const metadata = { name: dice.pick(['one', 'two', 'three']), namespace: dice.pick(namespaces) }
    const spec = { action, targetRefs: [{ kind: 'Service', name: 'a' }], ...(rules.length === 0 ? {} : { rules }) }
    return { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata, spec }
  }

  private rule(): JsonObject {
    const { dice } = this
    return {
      ...(dice.once(2) ? { from: dice.some(1, 2, () => ({ source: this.source() })) } : {}),
      ...(dice.once(2) ? { to: dice.some(1, 2, () => ({ operation: this.operation() })) } : {}),
      ...(dice.once(2) ? { when: dice.some(1, 2, () => this.condition()) } : {}),
    }
  }

  private source(): JsonObject {
    const { dice } = this
    const identity: [string, () => string] = dice.pick<[string, () => string]>([
      ['principals', () => this.principal()],
      ['namespaces', () => dice.pick([...namespaces, '*', 'ns*', '*s2', 'n*1'])],
      ['serviceAccounts', () => this.account()],
      ['trustDomains', () => this.trustDomain()],
    ])
    return this.fields([
      identity,
      ['requestPrincipals', () => this.requestPrincipal()],
      ['ipBlocks', () => this.block()],
      ['remoteIpBlocks', () => this.block()],
    ])
  }

  private operation(): JsonObject {
    const { dice } = this
    return this.fields([
      ['hosts', () => this.host()],
      ['methods', () => this.wild(dice.pick(methods))],
      ['paths', () => (dice.once(3) ? this.template() : this.wild(path(dice)))],
      ['ports', () => dice.pick(this.ports)],
    ])
  }

  /** One or two of the fields, each positive, negative or both. */
  private fields(all: readonly (readonly [string, () => string])[]): JsonObject {
    const { dice } = this
    const result: JsonObject = {}
    for (const [name, value] of dice.some(1, 2, () => dice.pick(all))) {
      const negative = `not${name[0].toUpperCase()}${name.slice(1)}`
      const values = () => dice.some(1, 3, value)
      if (!dice.once(3)) result[name] = values()
      if (dice.once(3) || !(name in result)) result[negative] = values()
    }
    return result
  }

  private condition(): JsonObject {
    const { dice } = this
    const [key, value] = dice.pick<[string, () => string]>([
      [`request.headers[${dice.pick([...headerNames, 'X-A', ':method'])}]`, () => this.wild(dice.pick(headerValues) || 'a')],
      ['source.ip', () => this.block()],
      ['remote.ip', () => this.block()],
      ['source.namespace', () => dice.pick([...namespaces, 'ns*'])],
      ['source.principal', () => this.principal()],
      ['source.serviceAccount', () => this.account()],
      ['source.trustDomain', () => this.trustDomain()],
      ['destination.ip', () => this.block()],
      ['destination.port', () => dice.pick(this.ports)],
      ['connection.sni', () => dice.pick(['a', '*'])],
      ['request.auth.principal', () => this.requestPrincipal()],
      ['request.auth.audiences', () => this.wild(dice.pick(words))],
      ['request.auth.presenter', () => this.wild(dice.pick(words))],
      ['request.auth.claims[groups]', () => this.wild(dice.pick(words))],
      ['request.auth.claims[nested][key]', () => this.wild(dice.pick(words))],
      ['experimental.envoy.filters.http.jwt_authn[payload]', () => dice.pick(['[g1]', 'g1'])],
    ]) // prettier-ignore
    const values = () => dice.some(1, 3, value)
    const positive = !dice.once(3)
    return {
      key,
      ...(positive ? { values: values() } : {}),
      ...(!positive || dice.once(3) ? { notValues: values() } : {}),
    }
  }

  /** The value itself, a part of it with a `*`, or just `*`. */
  private wild(value: string): string {
    const { dice } = this
    const at = dice.below(value.length + 1)
    return dice.pick([value, value, `${value.slice(0, at)}*`, `*${value.slice(at)}`, '*'])
  }

  private host(): string {
    const host = `${this.dice.pick(hosts)}.p${this.policyNumber}.test`
    return this.wild(this.dice.once(3) ? host.toUpperCase() : host)
  }

  private template(): string {
    const { dice } = this
    const parts = dice.some(0, 3, () => dice.pick(['{*}', '{*}', ...segments]))
    if (dice.once(2)) parts.push('{**}')
    else parts.push('{*}')
    if (dice.once(4)) parts.push(dice.pick(segments))
    return `/${parts.join('/')}${dice.once(6) ? '/' : ''}`
  }

  private principal(): string {
    const { dice } = this
    return this.wild(`${dice.pick(trustDomains)}/ns/${dice.pick(namespaces)}/sa/${dice.pick(accounts)}`)
  }

  private account(): string {
    const account = this.dice.pick(accounts)
    return this.dice.once(2) ? account : `${this.dice.pick(namespaces)}/${account}`
  }

  private trustDomain(): string {
    return this.dice.pick([...trustDomains, '*', 'td*', '*2', 'cluster.*'])
  }

  private requestPrincipal(): string {
    return this.wild(`${this.dice.pick(issuers)}/${this.dice.pick(subjects)}`)
  }

  private block(): string {
    const [prefix, length] = this.dice.pick(ranges)
    return this.dice.once(4) ? prefix : `${prefix}/${length}`
  }
}
