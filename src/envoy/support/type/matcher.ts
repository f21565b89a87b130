// What Cairn does with the fields of matchers: envoy.type.matcher.v3, xds.type.matcher.v3 and their inputs.
import { content, extensionPoint, implemented, noEffect, refused, type SupportTables } from '../status.ts'

export const matcherSupport: SupportTables = {
  'envoy.type.matcher.v3.StringMatcher': {
    exact: implemented,
    prefix: implemented,
    suffix: implemented,
    safe_regex: implemented,
    contains: implemented,
    custom: refused('matchers by extension'),
    ignore_case: implemented,
  },
  'envoy.type.matcher.v3.RegexMatcher': {
    google_re2: noEffect("every regular expression is RE2's"),
    regex: implemented,
  },
  'envoy.type.matcher.v3.RegexMatchAndSubstitute': {
    pattern: implemented,
    substitution: implemented,
  },
  'envoy.type.matcher.v3.PathMatcher': {
    path: implemented,
  },
  'envoy.type.matcher.v3.ListStringMatcher': { patterns: implemented },
  'envoy.type.matcher.v3.MetadataMatcher': {
    filter: implemented,
    path: implemented,
    value: implemented,
    invert: implemented,
  },
  'envoy.type.matcher.v3.MetadataMatcher.PathSegment': { key: implemented },
  'envoy.type.matcher.v3.ValueMatcher': {
    null_match: implemented,
    double_match: implemented,
    string_match: implemented,
    bool_match: implemented,
    present_match: implemented,
    list_match: implemented,
    or_match: implemented,
  },
  'envoy.type.matcher.v3.ValueMatcher.NullMatch': {},
  'envoy.type.matcher.v3.DoubleMatcher': {
    range: implemented,
    exact: implemented,
  },
  'envoy.type.v3.DoubleRange': {
    start: implemented,
    end: implemented,
  },
  'envoy.type.matcher.v3.ListMatcher': { one_of: implemented },
  'envoy.type.matcher.v3.OrMatcher': { value_matchers: implemented },
  'envoy.type.matcher.v3.FilterStateMatcher': {
    key: implemented,
    string_match: implemented,
    address_match: implemented,
  },
  'envoy.type.matcher.v3.AddressMatcher': {
    ranges: implemented,
    invert_match: implemented,
  },
  'xds.core.v3.TypedExtensionConfig': {
    name: implemented,
    typed_config: content,
  },
  'xds.core.v3.CidrRange': {
    address_prefix: implemented,
    prefix_len: implemented,
  },
  'xds.type.matcher.v3.StringMatcher': {
    exact: implemented,
    prefix: implemented,
    suffix: implemented,
    safe_regex: implemented,
    contains: implemented,
    custom: refused('matchers by extension'),
    ignore_case: implemented,
  },
  'xds.type.matcher.v3.RegexMatcher': {
    google_re2: noEffect("every regular expression is RE2's"),
    regex: implemented,
  },
  'xds.type.matcher.v3.Matcher': {
    matcher_list: implemented,
    matcher_tree: implemented,
    on_no_match: implemented,
  },
  'xds.type.matcher.v3.Matcher.OnMatch': {
    matcher: implemented,
    action: extensionPoint('envoy.matching.actions'),
    keep_matching: refused('matching on after a match'),
  },
  'xds.type.matcher.v3.Matcher.MatcherList': {
    matchers: implemented,
  },
  'xds.type.matcher.v3.Matcher.MatcherList.FieldMatcher': {
    predicate: implemented,
    on_match: implemented,
  },
  'xds.type.matcher.v3.Matcher.MatcherList.Predicate': {
    single_predicate: implemented,
    or_matcher: implemented,
    and_matcher: implemented,
    not_matcher: implemented,
  },
  'xds.type.matcher.v3.Matcher.MatcherList.Predicate.PredicateList': {
    predicate: implemented,
  },
  'xds.type.matcher.v3.Matcher.MatcherList.Predicate.SinglePredicate': {
    input: extensionPoint('envoy.matching.network.input'),
    value_match: implemented,
    custom_match: extensionPoint('envoy.matching.network.custom_matchers'),
  },
  'xds.type.matcher.v3.Matcher.MatcherTree': {
    input: extensionPoint('envoy.matching.network.input'),
    exact_match_map: implemented,
    prefix_match_map: implemented,
    custom_match: extensionPoint('envoy.matching.network.custom_matchers'),
  },
  'xds.type.matcher.v3.Matcher.MatcherTree.MatchMap': {
    map: implemented,
  },
  'xds.type.matcher.v3.IPMatcher': {
    range_matchers: implemented,
  },
  'xds.type.matcher.v3.IPMatcher.IPRangeMatcher': {
    ranges: implemented,
    on_match: implemented,
    exclusive: implemented,
  },
  'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.ServerNameInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.SourceIPInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.SourcePortInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.SourceTypeInput': {},
  'envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput': {},
  'envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput': {},
  'envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput': {},
  'envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput': {},
  'envoy.type.matcher.v3.HttpRequestHeaderMatchInput': { header_name: implemented },
  'envoy.type.matcher.v3.HttpRequestQueryParamMatchInput': { query_param: implemented },
  'envoy.extensions.matching.common_inputs.network.v3.FilterStateInput': {
    key: implemented,
    field: refused('a field of a filter state object'),
  },
}
