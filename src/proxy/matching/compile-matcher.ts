// Compiles xds.type.matcher.v3.Matcher into a MatchTree. The caller says which inputs there are and what an action is.

import type { Any } from '@bufbuild/protobuf/wkt'
import { typeNameOf, unpackAny } from '../../envoy/any.ts'
import type { TypedExtensionConfig } from '../../envoy/generated/xds/core/v3/extension_pb.js'
import type { IPMatcher } from '../../envoy/generated/xds/type/matcher/v3/ip_pb.js'
import { IPMatcherSchema } from '../../envoy/generated/xds/type/matcher/v3/ip_pb.js'
import type {
  Matcher,
  Matcher_MatcherList_Predicate,
  Matcher_MatcherList_Predicate_SinglePredicate,
  Matcher_MatcherTree,
  Matcher_OnMatch,
} from '../../envoy/generated/xds/type/matcher/v3/matcher_pb.js'
import { CidrTable } from '../../lib/cidr.ts'
import type { Problems } from '../../lib/problems.ts'
import { toWireText } from '../../lib/wire-text.ts'
import { compileCidrRange } from './address-matcher.ts'
import { allOf, anyOf } from './combine.ts'
import type { IpRange, MatchInput, MatchStep, MatchTree, OnMatch, Predicate } from './match-tree.ts'
import { compileStringMatcher, describeStringMatcher } from './string-matcher.ts'
import type { ValueKind } from './string-matcher.ts'

/** Makes an input of its configuration; notes what is wrong with it. */
export type InputFactory<S> = (config: Any, problems: Problems) => MatchInput<S>

export interface MatcherContext<S, A> {
  /** By the configuration's type name, e.g. `envoy.type.matcher.v3.HttpRequestHeaderMatchInput`. */
  readonly inputs: ReadonlyMap<string, InputFactory<S>>
  readonly compileAction: (config: TypedExtensionConfig, problems: Problems) => A | undefined
  /** What the inputs' values are. */
  readonly valueKind: ValueKind
  /** Whether on_match may say keep_matching; Envoy refuses it where one action is all there can be. */
  readonly allowsKeepMatching?: boolean
}

export function compileMatcher<S, A>(
  matcher: Matcher,
  context: MatcherContext<S, A>,
  problems: Problems,
): MatchTree<S, A> {
  const onNoMatch = matcher.onNoMatch && compileOnMatch(matcher.onNoMatch, context, problems.at('on_no_match'))
  return { step: compileStep(matcher, context, problems), onNoMatch }
}

function compileStep<S, A>(matcher: Matcher, context: MatcherContext<S, A>, problems: Problems): MatchStep<S, A> {
  const type = matcher.matcherType
  if (type.case === 'matcherTree') return compileTree(type.value, context, problems.at('matcher_tree'))
  if (type.case === undefined && matcher.onNoMatch === undefined)
    problems.add('a matcher needs matcher_list, matcher_tree or on_no_match')
  const at = problems.at('matcher_list').at('matchers')
  const matchers = (type.value?.matchers ?? []).map((field, i) => ({
    predicate: compilePredicate(field.predicate, context, at.at(i).at('predicate')),
    onMatch: compileOnMatch(field.onMatch, context, at.at(i).at('on_match')),
  }))
  return { kind: 'list', matchers }
}

function compileOnMatch<S, A>(
  config: Matcher_OnMatch | undefined,
  context: MatcherContext<S, A>,
  problems: Problems,
): OnMatch<S, A> {
  const keepMatching = config?.keepMatching ?? false
  if (keepMatching && context.allowsKeepMatching !== true) {
    problems.at('keep_matching').add('keep_matching is not supported in this context')
  }
  const onMatch = config?.onMatch
  if (onMatch?.case === 'matcher') {
    return { action: undefined, matcher: compileMatcher(onMatch.value, context, problems.at('matcher')), keepMatching }
  }
  if (onMatch?.case !== 'action') {
    problems.add('a match must lead to a matcher or an action')
    return { action: undefined, matcher: undefined, keepMatching }
  }
  return { action: context.compileAction(onMatch.value, problems.at('action')), matcher: undefined, keepMatching }
}

function compileTree<S, A>(
  tree: Matcher_MatcherTree,
  context: MatcherContext<S, A>,
  problems: Problems,
): MatchStep<S, A> {
  const input = compileInput(tree.input, context, problems.at('input'))
  const type = tree.treeType
  if (type.case === 'customMatch') return compileIpMatcher(type.value, input, context, problems.at('custom_match'))
  if (type.case === undefined) problems.add('a matcher tree needs exact_match_map, prefix_match_map or custom_match')
  const at = problems.at(type.case === 'prefixMatchMap' ? 'prefix_match_map' : 'exact_match_map').at('map')
  const map = new Map<string, OnMatch<S, A>>()
  for (const [key, value] of Object.entries(type.value?.map ?? {})) {
    map.set(context.valueKind === 'wire' ? toWireText(key) : key, compileOnMatch(value, context, at.key(key)))
  }
  if (type.case !== 'prefixMatchMap') return { kind: 'exact', input, map }
  const lengths = [...new Set([...map.keys()].map((key) => key.length))].sort((a, b) => b - a)
  return { kind: 'prefix', input, map, lengths }
}

function compileIpMatcher<S, A>(
  extension: TypedExtensionConfig,
  input: MatchInput<S>,
  context: MatcherContext<S, A>,
  problems: Problems,
): MatchStep<S, A> {
  const table = new CidrTable<IpRange<S, A>[]>()
  const unpacked = extension.typedConfig && unpackAny(extension.typedConfig)
  if (unpacked?.message === undefined || unpacked.typeName !== IPMatcherSchema.typeName) {
    problems.add(`the matcher "${extension.name}" (${unpacked?.typeName ?? 'without configuration'}) is not supported`)
    return { kind: 'ip', input, table }
  }
  const at = problems.at('typed_config').at('range_matchers')
  for (const [i, matcher] of (unpacked.message as IPMatcher).rangeMatchers.entries()) {
    const onMatch = compileOnMatch(matcher.onMatch, context, at.at(i).at('on_match'))
    for (const [k, config] of matcher.ranges.entries()) {
      const range = compileCidrRange(config, at.at(i).at('ranges').at(k))
      if (range === undefined) continue
      const one = { onMatch, exclusive: matcher.exclusive }
      const equal = table.get(range)
      if (equal === undefined) table.add(range, [one])
      else equal.push(one)
    }
  }
  return { kind: 'ip', input, table }
}

function compilePredicate<S, A>(
  config: Matcher_MatcherList_Predicate | undefined,
  context: MatcherContext<S, A>,
  problems: Problems,
): Predicate<S> {
  const type = config?.matchType
  switch (type?.case) {
    case 'singlePredicate':
      return compileSingle(type.value, context, problems.at('single_predicate'))
    case 'notMatcher': {
      const inner = compilePredicate(type.value, context, problems.at('not_matcher'))
      return { text: `not (${inner.text})`, test: (subject) => !inner.test(subject) }
    }
    case 'andMatcher':
    case 'orMatcher': {
      const isAnd = type.case === 'andMatcher'
      const at = problems.at(isAnd ? 'and_matcher' : 'or_matcher').at('predicate')
      const inner = type.value.predicate.map((one, i) => compilePredicate(one, context, at.at(i)))
      const text = `(${inner.map((one) => one.text).join(isAnd ? ' and ' : ' or ')})`
      const tests = inner.map((one) => one.test)
      return { text, test: isAnd ? allOf(tests) : anyOf(tests) }
    }
    default:
      problems.add('a predicate needs one of single_predicate, or_matcher, and_matcher and not_matcher')
      return { text: 'nothing', test: () => false }
  }
}

function compileSingle<S, A>(
  config: Matcher_MatcherList_Predicate_SinglePredicate,
  context: MatcherContext<S, A>,
  problems: Problems,
): Predicate<S> {
  const input = compileInput(config.input, context, problems.at('input'))
  const { matcher } = config
  if (matcher.case === 'customMatch') {
    problems.at('custom_match').add(`the matcher "${matcher.value.name}" is not supported`)
  }
  const valueMatch = matcher.case === 'valueMatch' ? matcher.value : undefined
  const test =
    matcher.case === 'customMatch'
      ? () => false
      : compileStringMatcher(valueMatch, context.valueKind, problems.at('value_match'))
  return {
    text: `${input.text} ${describeStringMatcher(valueMatch)}`,
    test: (subject) => {
      const value = input.get(subject)
      return value !== undefined && test(value)
    },
  }
}

function compileInput<S, A>(
  config: TypedExtensionConfig | undefined,
  context: MatcherContext<S, A>,
  problems: Problems,
): MatchInput<S> {
  const any = config?.typedConfig
  const typeName = any === undefined ? 'without configuration' : typeNameOf(any.typeUrl)
  const factory = context.inputs.get(typeName)
  if (any !== undefined && factory !== undefined) return factory(any, problems.at('typed_config'))
  problems.add(`the input "${config?.name ?? ''}" (${typeName}) is not supported here`)
  return { text: 'nothing', get: () => undefined }
}
