// What happened to a route at one of its parents, gathered while it is translated for each port, and the conditions
// that follow from it (GEP-1364; the specification of RouteParentStatus).

import type { ParentReference, Route } from '../../resources/gateway-api.ts'
import type { ReferenceProblem } from '../routes/backends.ts'
import { Conditions, type Condition } from './condition.ts'

/** Why a parent does not accept the route at all. */
export interface Rejection {
  /** `Conflicted` is of GEP-1294: another kind of route has the port. */
  readonly reason: 'NoMatchingParent' | 'NotAllowedByListeners' | 'Conflicted'
  readonly message: string
}

export class RouteParentOutcome {
  readonly route: Route
  readonly parentRef: ParentReference
  rejection: Rejection | undefined
  private readonly refusedRules = new Map<number, string>()
  private readonly referenceProblems = new Map<string, ReferenceProblem>()

  constructor(route: Route, parentRef: ParentReference) {
    this.route = route
    this.parentRef = parentRef
  }

  refuseRule(rule: number, message: string): void {
    this.refusedRules.set(rule, message)
  }

  unresolved(reason: ReferenceProblem, message: string): void {
    this.referenceProblems.set(message, reason)
  }

  conditions(nowMs: number): readonly Condition[] {
    const conditions = new Conditions(nowMs, this.route.metadata.generation)
    const rules = this.route.spec.rules?.length ?? 0
    const refused = [...this.refusedRules].map(([rule, message]) => `rule ${rule}: ${message}`).join('; ')
    if (this.rejection !== undefined) {
      conditions.add('Accepted', false, this.rejection.reason, this.rejection.message)
    } else if (rules > 0 && this.refusedRules.size === rules) {
      conditions.add('Accepted', false, 'UnsupportedValue', refused)
    } else {
      conditions.add('Accepted', true, 'Accepted', 'Route was valid')
    }
    const problems = [...this.referenceProblems]
    if (problems.length === 0) conditions.add('ResolvedRefs', true, 'ResolvedRefs', 'All references resolved')
    else {
      // One reason must be chosen; the message has all.
      const reason = reasonOrder.find((candidate) => problems.some(([, found]) => found === candidate))!
      conditions.add('ResolvedRefs', false, reason, problems.map(([message]) => message).join('; '))
    }
    if (this.rejection === undefined && this.refusedRules.size > 0 && this.refusedRules.size < rules) {
      conditions.add('PartiallyInvalid', true, 'UnsupportedValue', `Dropped Rule: ${refused}`)
    }
    return conditions.all
  }
}

const reasonOrder: readonly ReferenceProblem[] = ['InvalidKind', 'BackendNotFound', 'UnsupportedProtocol']
