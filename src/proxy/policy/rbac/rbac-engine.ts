// Role-based access control, decided: policies in the order of their names, or a matcher tree. Pure: what follows from a
// verdict (403, a closed connection, metadata, statistics) is the filters' business.

import type { MatchTrace } from '../../matching/match-trace.ts'
import { evaluate } from '../../matching/match-tree.ts'
import type { MatchTree } from '../../matching/match-tree.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'

/** The same objects for every stream: nothing is allocated by a decision. */
export interface Verdict {
  readonly allowed: boolean
  /** The policy that matched (Envoy's effective policy id); '' when none did. */
  readonly policyName: string
  /** Response code details and connection termination details of a denial. */
  readonly details: string
  /** Action LOG: whether this stream is to be logged; undefined for other actions. */
  readonly accessLogHint: boolean | undefined
}

/** A condition in words and as a test. */
export interface Rule {
  readonly text: string
  readonly test: (info: StreamInfo) => boolean
}

export interface RbacPolicy {
  readonly name: string
  readonly permissions: readonly Rule[]
  readonly principals: readonly Rule[]
}

export type RbacAction = 'ALLOW' | 'DENY' | 'LOG'

/** What the HTTP and the network filter ask; `info` without request headers is a TCP connection's. */
export interface RbacEngine {
  decide(info: StreamInfo, trace?: MatchTrace): Verdict
}

/** What follows when the policy of this name matched, or (undefined) when none did. */
export function verdictOf(action: RbacAction, policy: string | undefined): Verdict {
  const matched = policy !== undefined
  const policyName = policy ?? ''
  const allowed = action === 'LOG' || (action === 'ALLOW') === matched
  const name = policyName === '' ? 'none' : policyName.replace(/\s/g, '_')
  return {
    allowed,
    policyName,
    details: `rbac_access_denied_matched_policy[${name}]`,
    accessLogHint: action === 'LOG' ? matched : undefined,
  }
}

/** Denies when no matcher leads to an action. */
const UNMATCHED = verdictOf('ALLOW', undefined)

/** `rules.policies`. */
export class PolicyEngine implements RbacEngine {
  private readonly policies: readonly RbacPolicy[]
  private readonly matched: readonly Verdict[]
  private readonly unmatched: Verdict

  /** Policies are evaluated in the order of their names, whatever the order here. */
  constructor(action: RbacAction, policies: readonly RbacPolicy[]) {
    this.policies = [...policies].sort((a, b) => (a.name < b.name ? -1 : 1))
    this.matched = this.policies.map((policy) => verdictOf(action, policy.name))
    this.unmatched = verdictOf(action, undefined)
  }

  decide(info: StreamInfo, trace?: MatchTrace): Verdict {
    const { policies } = this
    for (let i = 0; i < policies.length; i++) {
      const { permissions, principals } = policies[i]
      const isPermitted = anyHolds(permissions, info)
      const matches = isPermitted && anyHolds(principals, info)
      if (trace !== undefined) explain(policies[i], isPermitted, matches, trace)
      if (matches) return this.matched[i]
    }
    return this.unmatched
  }
}

/** `matcher`: a tree that leads to actions. */
export class MatcherEngine implements RbacEngine {
  private readonly tree: MatchTree<StreamInfo, Verdict>

  constructor(tree: MatchTree<StreamInfo, Verdict>) {
    this.tree = tree
  }

  decide(info: StreamInfo, trace?: MatchTrace): Verdict {
    return evaluate(this.tree, info, trace) ?? UNMATCHED
  }
}

function anyHolds(rules: readonly Rule[], info: StreamInfo): boolean {
  for (let i = 0; i < rules.length; i++) if (rules[i].test(info)) return true
  return false
}

function explain(policy: RbacPolicy, isPermitted: boolean, matches: boolean, trace: MatchTrace): void {
  const rules = isPermitted ? policy.principals : policy.permissions
  const what = isPermitted ? 'principal' : 'permission'
  const outcome = matches ? 'matched' : `no: no ${what} of ${rules.map((rule) => rule.text).join(' or ')}`
  trace.add(`policy "${policy.name}"`, outcome)
}
