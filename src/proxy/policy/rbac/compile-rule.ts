// What permissions and principals of envoy.config.rbac.v3 have in common: combinations, headers, paths, addresses, metadata.

import { RequestHeaderMap } from '../../../codec/header-map.ts'
import type { CidrRange } from '../../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { SourcedMetadata } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { MetadataSource } from '../../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import type { HeaderMatcher } from '../../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { MetadataMatcher } from '../../../envoy/generated/envoy/type/matcher/v3/metadata_pb.js'
import type { PathMatcher } from '../../../envoy/generated/envoy/type/matcher/v3/path_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import { compileCidrRange } from '../../matching/address-matcher.ts'
import { allOf, anyOf } from '../../matching/combine.ts'
import { compileHeaderMatcher } from '../../matching/header-matcher.ts'
import { pathOnly } from '../../matching/request-path.ts'
import { compileStringMatcher, describeStringMatcher } from '../../matching/string-matcher.ts'
import { compileMetadataMatcher } from '../../matching/value-matcher.ts'
import type { Address } from '../../stream/connection-facts.ts'
import type { StreamInfo } from '../../stream/stream-info.ts'
import type { Rule } from './rbac-engine.ts'

/** Where rules are used: the network filter has no headers and refuses rules on them. */
export type RbacLayer = 'http' | 'network'

export const ANY: Rule = { text: 'any', test: () => true }
/** Stands for what was refused. */
export const NOTHING: Rule = { text: 'nothing', test: () => false }

export function allRules(rules: readonly Rule[]): Rule {
  return { text: `(${rules.map((rule) => rule.text).join(' and ')})`, test: allOf(rules.map((rule) => rule.test)) }
}

export function anyRule(rules: readonly Rule[]): Rule {
  return { text: `(${rules.map((rule) => rule.text).join(' or ')})`, test: anyOf(rules.map((rule) => rule.test)) }
}

export function notRule({ text, test }: Rule): Rule {
  return { text: `not ${text}`, test: (info) => !test(info) }
}

export function headerRule(matcher: HeaderMatcher, layer: RbacLayer, problems: Problems): Rule {
  if (layer === 'network') {
    problems.add('a rule on a header is not supported by the RBAC network filter')
    return NOTHING
  }
  const { text, test } = compileHeaderMatcher(matcher, problems)
  return { text, test: (info) => test(info.requestHeaders ?? NO_HEADERS) }
}

const NO_HEADERS = new RequestHeaderMap()

/** The path without query; never matches a request that has none. */
export function pathRule(matcher: PathMatcher, problems: Problems): Rule {
  const pattern = matcher.rule.value
  const test = compileStringMatcher(pattern, 'wire', problems.at('path'))
  return {
    text: `path ${describeStringMatcher(pattern)}`,
    test: (info) => {
      const path = info.requestHeaders?.path
      return path !== undefined && test(pathOnly(path))
    },
  }
}

export function addressRule(
  what: string,
  config: CidrRange,
  addressOf: (info: StreamInfo) => Address,
  problems: Problems,
): Rule {
  const range = compileCidrRange(config, problems)
  if (range === undefined) return NOTHING
  return { text: `${what} in ${range.toString()}`, test: (info) => range.contains(addressOf(info).ip) }
}

export function metadataRule(matcher: MetadataMatcher, problems: Problems): Rule {
  const { text, test } = compileMetadataMatcher(matcher, problems)
  return { text, test: (info) => test(info.dynamicMetadata) }
}

export function sourcedMetadataRule(config: SourcedMetadata, problems: Problems): Rule {
  if (config.metadataMatcher === undefined) {
    problems.at('metadata_matcher').add('sourced metadata needs a matcher')
    return NOTHING
  }
  if (config.metadataSource !== MetadataSource.ROUTE)
    return metadataRule(config.metadataMatcher, problems.at('metadata_matcher'))
  const { text, test } = compileMetadataMatcher(config.metadataMatcher, problems.at('metadata_matcher'))
  return { text: `route ${text}`, test: (info) => test(info.route.metadata) }
}
