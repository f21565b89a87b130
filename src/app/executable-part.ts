// What of a translation the data plane executes. A cluster that asks for something else is refused, it alone, so its requests get
// 503; a filter chain does without, or refuses its traffic. Neither in silence.

import { create } from '@bufbuild/protobuf'
import { ClusterSchema, type Cluster } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import type { Metadata } from '../envoy/generated/envoy/config/core/v3/base_pb.js'
import { ListenerSchema, type Listener } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import {
  FilterChainSchema,
  type FilterChain,
} from '../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import { checkSupport, withoutUnsupported, type SupportError } from '../envoy/support/check-support.ts'
import type { Diagnostic } from '../resources/diagnostic.ts'
import type { Translation } from '../translate/translation.ts'

interface Judged<T> {
  /** Undefined: refused. */
  readonly part: T | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** What was judged, as long as it is in use: a translation brings back what did not change. */
const judgedClusters = new WeakMap<Cluster, Judged<Cluster>>()
const judgedChains = new WeakMap<FilterChain, Judged<FilterChain>>()

export function executablePart(translation: Translation): Translation {
  const diagnostics: Diagnostic[] = [...translation.diagnostics]
  const clusters: Cluster[] = []
  const refused = new Set<string>()
  for (const cluster of translation.clusters) {
    const judged = remembered(judgedClusters, cluster, judgeCluster)
    diagnostics.push(...judged.diagnostics)
    if (judged.part === undefined) refused.add(cluster.name)
    else clusters.push(judged.part)
  }
  const endpoints = translation.endpoints.filter(({ clusterName }) => !refused.has(clusterName))
  const listeners = translation.listeners.map((listener) => executableListener(listener, diagnostics))
  return { ...translation, clusters, endpoints, listeners, diagnostics }
}

function executableListener(listener: Listener, diagnostics: Diagnostic[]): Listener {
  const filterChains: FilterChain[] = []
  for (const chain of listener.filterChains) {
    const judged = remembered(judgedChains, chain, judgeChain)
    diagnostics.push(...judged.diagnostics)
    if (judged.part !== undefined) filterChains.push(judged.part)
  }
  const isWhole = filterChains.every((chain, index) => chain === listener.filterChains[index])
  return isWhole && filterChains.length === listener.filterChains.length
    ? listener
    : create(ListenerSchema, { ...listener, filterChains })
}

function judgeCluster(cluster: Cluster): Judged<Cluster> {
  const errors = checkSupport(ClusterSchema, cluster)
  const consequence = `so the cluster ${cluster.name} is refused, and requests to it get 503`
  const diagnostics = errors.map((error) => diagnosticOf(error, cluster.metadata, consequence))
  return { part: errors.length === 0 ? cluster : undefined, diagnostics }
}

function judgeChain(chain: FilterChain): Judged<FilterChain> {
  const { message, left } = withoutUnsupported(FilterChainSchema, chain)
  const diagnostics = left.map((error) => {
    const consequence = error.security ? `so ${chain.name} refuses its traffic` : `so ${chain.name} does without`
    return diagnosticOf(error, chain.metadata, consequence)
  })
  return { part: left.length === 0 ? chain : message, diagnostics }
}

function diagnosticOf(error: SupportError, metadata: Metadata | undefined, consequence: string): Diagnostic {
  const source = metadata?.filterMetadata['cairn.source'] ?? {}
  const { object, file, line } = source
  return {
    severity: 'error',
    file: typeof file === 'string' ? file : '',
    line: typeof line === 'number' ? line : 0,
    object: typeof object === 'string' ? object : '',
    field: '',
    message: `needs ${error.reason} (${error.path}), which is not supported, ${consequence}`,
    remedy: 'remove what asks for it',
  }
}

function remembered<K extends object, T>(
  memory: WeakMap<K, Judged<T>>,
  key: K,
  judge: (key: K) => Judged<T>,
): Judged<T> {
  let judged = memory.get(key)
  if (judged === undefined) memory.set(key, (judged = judge(key)))
  return judged
}
