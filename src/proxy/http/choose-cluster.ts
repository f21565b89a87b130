// From a route's action to the cluster that serves this request.

import type { Cluster } from '../cluster/cluster.ts'
import type { Exchange } from './exchange.ts'
import type { ClusterAction, ClusterChoice, WeightedCluster } from './route-config.ts'

/** Undefined: the route names no cluster that exists. A weighted pick is left in `exchange.weightedCluster`. */
export function chooseCluster(exchange: Exchange, action: ClusterAction): Cluster | undefined {
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

function pickWeighted(exchange: Exchange, choice: ClusterChoice & { kind: 'weighted' }): WeightedCluster {
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
