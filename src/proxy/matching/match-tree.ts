// xDS matcher trees (xds.type.matcher.v3.Matcher), evaluated: from a subject's inputs to at most one action. Compiling them
// is compile-matcher.ts; what inputs and actions are is the caller's business.

import type { CidrTable } from '../../lib/cidr.ts'
import type { MatchTrace } from './match-trace.ts'

/** One input of a subject, e.g. its destination port. Undefined: the subject has none. */
export interface MatchInput<S> {
  /** In words, for traces. */
  readonly text: string
  readonly get: (subject: S) => string | undefined
}

/** A whole matcher. `onNoMatch` decides when nothing before it did. */
export interface MatchTree<S, A> {
  readonly step: MatchStep<S, A>
  readonly onNoMatch: OnMatch<S, A> | undefined
}

/** What follows a match: an action, or another matcher, whose failure counts as no match here. */
export interface OnMatch<S, A> {
  readonly action: A | undefined
  readonly matcher: MatchTree<S, A> | undefined
  /** The match is noted (see `onSkipped`), and matching goes on as if it had failed. */
  readonly keepMatching: boolean
}

export type MatchStep<S, A> =
  | { readonly kind: 'list'; readonly matchers: readonly FieldMatcher<S, A>[] }
  | { readonly kind: 'exact'; readonly input: MatchInput<S>; readonly map: ReadonlyMap<string, OnMatch<S, A>> }
  | {
      readonly kind: 'prefix'
      readonly input: MatchInput<S>
      readonly map: ReadonlyMap<string, OnMatch<S, A>>
      /** The distinct lengths of the map's keys, longest first. */
      readonly lengths: readonly number[]
    }
  | { readonly kind: 'ip'; readonly input: MatchInput<S>; readonly table: CidrTable<readonly IpRange<S, A>[]> }

export interface FieldMatcher<S, A> {
  readonly predicate: Predicate<S>
  readonly onMatch: OnMatch<S, A>
}

export interface Predicate<S> {
  readonly text: string
  readonly test: (subject: S) => boolean
}

/** What an address range stands for; ranges with equal prefixes keep their order. */
export interface IpRange<S, A> {
  readonly onMatch: OnMatch<S, A>
  /** Only for addresses that no longer prefix contains. */
  readonly exclusive: boolean
}

/** Told of each action whose match has keep_matching. */
export type OnSkipped<A> = (action: A) => void

/** The action for `subject`, or undefined if the tree has none. */
export function evaluate<S, A>(
  tree: MatchTree<S, A>,
  subject: S,
  trace?: MatchTrace,
  onSkipped?: OnSkipped<A>,
): A | undefined {
  const found = evaluateStep(tree.step, subject, trace, onSkipped)
  if (found !== undefined || tree.onNoMatch === undefined) return found
  trace?.add('on_no_match', 'taken')
  return follow(tree.onNoMatch, subject, trace, onSkipped)
}

function follow<S, A>(
  onMatch: OnMatch<S, A>,
  subject: S,
  trace: MatchTrace | undefined,
  onSkipped: OnSkipped<A> | undefined,
): A | undefined {
  const found = onMatch.matcher === undefined ? onMatch.action : evaluate(onMatch.matcher, subject, trace, onSkipped)
  if (found === undefined || !onMatch.keepMatching) return found
  onSkipped?.(found)
  trace?.add('keep_matching', 'noted, matching goes on')
  return undefined
}

function evaluateStep<S, A>(
  step: MatchStep<S, A>,
  subject: S,
  trace: MatchTrace | undefined,
  onSkipped: OnSkipped<A> | undefined,
): A | undefined {
  if (step.kind === 'list') return evaluateList(step.matchers, subject, trace, onSkipped)
  const value = step.input.get(subject)
  if (value === undefined) {
    trace?.add(step.input.text, 'no: there is none')
    return undefined
  }
  if (step.kind === 'exact') {
    const onMatch = step.map.get(value)
    trace?.add(`${step.input.text} = "${value}"`, onMatch === undefined ? 'no: not in exact_match_map' : 'matched')
    return onMatch && follow(onMatch, subject, trace, onSkipped)
  }
  if (step.kind === 'ip') return evaluateIp(step.input, step.table, value, subject, trace, onSkipped)
  for (const length of step.lengths) {
    const onMatch = length <= value.length ? step.map.get(value.slice(0, length)) : undefined
    if (onMatch === undefined) continue
    trace?.add(`${step.input.text} = "${value}"`, `matched prefix "${value.slice(0, length)}"`)
    const found = follow(onMatch, subject, trace, onSkipped)
    if (found !== undefined) return found
  }
  trace?.add(`${step.input.text} = "${value}"`, 'no: no prefix leads to an action')
  return undefined
}

function evaluateList<S, A>(
  matchers: readonly FieldMatcher<S, A>[],
  subject: S,
  trace: MatchTrace | undefined,
  onSkipped: OnSkipped<A> | undefined,
): A | undefined {
  for (const { predicate, onMatch } of matchers) {
    const matched = predicate.test(subject)
    trace?.add(predicate.text, matched ? 'matched' : 'no')
    const found = matched ? follow(onMatch, subject, trace, onSkipped) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function evaluateIp<S, A>(
  input: MatchInput<S>,
  table: CidrTable<readonly IpRange<S, A>[]>,
  ip: string,
  subject: S,
  trace: MatchTrace | undefined,
  onSkipped: OnSkipped<A> | undefined,
): A | undefined {
  let isFirst = true
  for (let at = table.lookupBelow(ip, LONGER_THAN_ANY); at !== undefined; at = table.lookupBelow(ip, at.prefixLength)) {
    for (const { onMatch, exclusive } of at.value) {
      if (exclusive && !isFirst) continue
      isFirst = false
      trace?.add(`${input.text} = "${ip}"`, `matched a range of length ${at.prefixLength}`)
      const found = follow(onMatch, subject, trace, onSkipped)
      if (found !== undefined) return found
    }
  }
  trace?.add(`${input.text} = "${ip}"`, 'no: no range leads to an action')
  return undefined
}

const LONGER_THAN_ANY = 129
