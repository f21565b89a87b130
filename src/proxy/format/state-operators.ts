// Operators on metadata and filter state.

import type { Problems } from '../../lib/problems.ts'
import type { FilterState } from '../stream/filter-state.ts'
import { metadataAt } from '../stream/metadata.ts'
import type { MetadataStruct } from '../stream/metadata.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import { jsonAsText, required, truncated } from './operator.ts'
import type { Operator, OperatorFactory } from './operator.ts'

type StructOf = (info: StreamInfo, namespace: string) => MetadataStruct | undefined

const dynamic: StructOf = (info, namespace) => info.dynamicMetadata.get(namespace)
const cluster: StructOf = (info, namespace) => info.cluster?.metadata.get(namespace)
const route: StructOf = (info, namespace) => info.route.metadata.get(namespace)
const upstreamHost: StructOf = (info, namespace) => info.upstream.host?.metadata.get(namespace)

export const STATE_OPERATORS: ReadonlyMap<string, OperatorFactory> = new Map<string, OperatorFactory>([
  ['DYNAMIC_METADATA', metadataFactory(dynamic)],
  ['CLUSTER_METADATA', metadataFactory(cluster)],
  ['UPSTREAM_METADATA', metadataFactory(upstreamHost)],
  ['METADATA', anyMetadata],
  ['FILTER_STATE', filterStateFactory((info) => info.filterState)],
  ['UPSTREAM_FILTER_STATE', filterStateFactory((info) => info.upstream.filterState)],
])

/** `NAME(namespace:key:key…):Z`: a namespace, or a value in it. */
function metadataFactory(structOf: StructOf): OperatorFactory {
  return (call, _, problems) => {
    const argument = required(call, problems)
    return argument === undefined ? undefined : metadataOperator(structOf, argument, call.length)
  }
}

function metadataOperator(structOf: StructOf, argument: string, length: number | undefined): Operator {
  const [namespace, ...path] = argument.split(':')
  const json: Operator['json'] = (info) => metadataAt(structOf(info, namespace), path)
  return cutStrings({ json, text: (info) => jsonAsText(json(info)) }, length)
}

/** In JSON a length cuts strings only; structs and numbers stay whole. */
function cutStrings(operator: Operator, length: number | undefined): Operator {
  if (length === undefined) return operator
  return {
    text: truncated(operator, length).text,
    json: (info) => {
      const value = operator.json(info)
      return typeof value === 'string' ? value.slice(0, length) : value
    },
  }
}

const METADATA_KINDS = new Map([
  ['DYNAMIC', dynamic],
  ['CLUSTER', cluster],
  ['ROUTE', route],
  ['UPSTREAM_HOST', upstreamHost],
])

/** `METADATA(KIND:namespace:key…):Z` of envoy.formatter.metadata. */
function anyMetadata(...[call, , problems]: Parameters<OperatorFactory>): Operator | undefined {
  const argument = required(call, problems)
  if (argument === undefined) return undefined
  const colon = argument.indexOf(':')
  const structOf = METADATA_KINDS.get(argument.slice(0, Math.max(0, colon)))
  if (structOf !== undefined) return metadataOperator(structOf, argument.slice(colon + 1), call.length)
  problems.add(`METADATA is supported of ${[...METADATA_KINDS.keys()].join(', ')}, followed by :namespace`)
  return undefined
}

/** `NAME(key:PLAIN|TYPED):Z`; TYPED, the default, is the value as JSON: a string in quotes. */
function filterStateFactory(stateOf: (info: StreamInfo) => FilterState | undefined): OperatorFactory {
  return (call, _, problems) => {
    const [key = '', kind = 'TYPED'] = (call.argument ?? '').split(':')
    if (!checkFilterState(key, kind, problems)) return undefined
    const text = (info: StreamInfo): string | undefined => stateOf(info)?.get(key)
    if (kind === 'PLAIN') return truncated({ text, json: text }, call.length)
    const quoted = (info: StreamInfo): string | undefined => {
      const value = text(info)
      return value === undefined ? undefined : JSON.stringify(value)
    }
    return { text: truncated({ text: quoted, json: quoted }, call.length).text, json: text }
  }
}

function checkFilterState(key: string, kind: string, problems: Problems): boolean {
  if (key === '') problems.add('invalid filter state configuration, key cannot be empty')
  else if (kind === 'FIELD') problems.add('filter state with FIELD is not supported')
  else if (kind !== 'PLAIN' && kind !== 'TYPED')
    problems.add(`invalid filter state serialize type "${kind}", only PLAIN and TYPED are supported`)
  else return true
  return false
}
