// What both RBAC filters have: rules that count, rules that are only watched (shadow), and their statistics.

import type { RBAC } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { Matcher } from '../../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import type { Counter, StatsStore } from '../../stream/stats.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
import { compileRbac, compileRbacMatcher } from './compile-rbac.ts'
import type { RbacLayer } from './compile-rule.ts'
import type { RbacEngine, Verdict } from './rbac-engine.ts'

/** The fields that the HTTP and the network filter share. */
export interface RbacFilterMessage {
  readonly rules?: RBAC | undefined
  readonly matcher?: Matcher | undefined
  readonly shadowRules?: RBAC | undefined
  readonly shadowMatcher?: Matcher | undefined
  readonly shadowRulesStatPrefix: string
}

export interface RbacStatNames {
  readonly store: StatsStore
  /** With its final dot. */
  readonly prefix: string
  readonly rulesPrefix: string
}

interface Watched {
  readonly engine: RbacEngine
  readonly allowed: Counter
  readonly denied: Counter
  /** Where and under which names the outcome stands in dynamic metadata. */
  readonly namespace: string
  readonly policyKey: string
  readonly resultKey: string
  /** False: the outcome is not told. The network filter tells that of shadow rules only. */
  readonly tells: boolean
  /** What is told of each verdict, made when it is given for the first time. */
  readonly told: Map<Verdict, MetadataStruct>
}

export interface RbacEngines {
  /** Undefined: nothing is enforced. */
  readonly enforced: Watched | undefined
  readonly shadow: Watched | undefined
}

/** The filter's own name. */
const namespaces: Readonly<Record<RbacLayer, string>> = {
  http: 'envoy.filters.http.rbac',
  network: 'envoy.filters.network.rbac',
}

/** Where access loggers find out that a request is to be logged. */
const COMMON_NAMESPACE = 'envoy.common'
const HINTS = [{ access_log_hint: false }, { access_log_hint: true }] as const

export function compileEngines(
  message: RbacFilterMessage,
  layer: RbacLayer,
  names: RbacStatNames,
  problems: Problems,
): RbacEngines {
  const enforced = compileOne(message.rules, message.matcher, layer, problems, 'rules', 'matcher')
  const shadow = compileOne(
    message.shadowRules,
    message.shadowMatcher,
    layer,
    problems,
    'shadow_rules',
    'shadow_matcher',
  )
  const { store, prefix, rulesPrefix } = names
  const namespace = namespaces[layer]
  const shadowPrefix = message.shadowRulesStatPrefix
  return {
    enforced: enforced && {
      engine: enforced,
      namespace,
      allowed: store.counter(`${prefix}${rulesPrefix}allowed`),
      denied: store.counter(`${prefix}${rulesPrefix}denied`),
      policyKey: `${rulesPrefix}enforced_effective_policy_id`,
      resultKey: `${rulesPrefix}enforced_engine_result`,
      tells: layer === 'http',
      told: new Map(),
    },
    shadow: shadow && {
      engine: shadow,
      namespace,
      allowed: store.counter(`${prefix}${shadowPrefix}shadow_allowed`),
      denied: store.counter(`${prefix}${shadowPrefix}shadow_denied`),
      policyKey: `${shadowPrefix}shadow_effective_policy_id`,
      resultKey: `${shadowPrefix}shadow_engine_result`,
      tells: true,
      told: new Map(),
    },
  }
}

function compileOne(
  rules: RBAC | undefined,
  matcher: Matcher | undefined,
  layer: RbacLayer,
  problems: Problems,
  rulesField: string,
  matcherField: string,
): RbacEngine | undefined {
  if (matcher !== undefined) return compileRbacMatcher(matcher, layer, problems.at(matcherField))
  return rules === undefined ? undefined : compileRbac(rules, layer, problems.at(rulesField))
}

/** The verdict that counts, or undefined when nothing is enforced. Statistics and metadata are written on the way. */
export function decide(engines: RbacEngines, info: StreamInfo): Verdict | undefined {
  if (engines.shadow !== undefined) note(engines.shadow, info)
  if (engines.enforced === undefined) return undefined
  const verdict = note(engines.enforced, info)
  if (verdict.accessLogHint !== undefined)
    info.dynamicMetadata.merge(COMMON_NAMESPACE, HINTS[Number(verdict.accessLogHint)])
  return verdict
}

function note(watched: Watched, info: StreamInfo): Verdict {
  const verdict = watched.engine.decide(info)
  if (verdict.allowed) watched.allowed.add(1)
  else watched.denied.add(1)
  if (watched.tells) info.dynamicMetadata.merge(watched.namespace, watched.told.get(verdict) ?? tell(watched, verdict))
  return verdict
}

function tell({ policyKey, resultKey, told }: Watched, verdict: Verdict): MetadataStruct {
  const fields: MetadataStruct = { [resultKey]: verdict.allowed ? 'allowed' : 'denied' }
  if (verdict.policyName !== '') fields[policyKey] = verdict.policyName
  told.set(verdict, fields)
  return fields
}
