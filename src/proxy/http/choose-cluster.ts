// From a route's action to the cluster that serves this request.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { Random } from '../../lib/random.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { ClusterAction, ClusterChoice, WeightedCluster } from './route-config.ts'

/** What of a request (an Exchange) the choice depends on, and where it is noted. */
export interface ClusterSeeker {
  readonly requestHeaders: RequestHeaderMap
  readonly manager: { readonly clusters: { get(name: string): Cluster | undefined }; readonly random: Random }
  /** The entry that was picked of a route with weighted clusters. */
  weightedCluster: WeightedCluster | undefined
}

/** Undefined: the route names no cluster that exists. */
export function chooseCluster(exchange: ClusterSeeker, action: Pick<ClusterAction, 'clusters'>): Cluster | undefined {
  const { clusters } = action
  const known = exchange.manager.clusters
  switch (clusters.kind) {
    case 'single':
      return known.get(clusters.name)
    case 'header': {
      const name = exchange.requestHeaders.get(clusters.header)
      return name === undefined || name === '' ? undefined : known.get(name)
    }
    case 'weighted':
      exchange.weightedCluster = pickWeighted(exchange, clusters)
      return known.get(exchange.weightedCluster.name)
  }
}

function pickWeighted(exchange: ClusterSeeker, choice: ClusterChoice & { kind: 'weighted' }): WeightedCluster {
  let point = -1
  if (choice.randomValueHeader !== '') {
    const text = exchange.requestHeaders.get(choice.randomValueHeader)
    if (text !== undefined && /^\d{1,15}$/.test(text)) point = Number(text) % choice.totalWeight
  }
  if (point < 0) point = exchange.manager.random.below(choice.totalWeight)
  for (const entry of choice.clusters) {
    if (point < entry.weight) return entry
    point -= entry.weight
  }
  return choice.clusters[choice.clusters.length - 1]
}
