// The loads that the bench knows, as data. Targets are those of the project: Cairn's cost as a share of Envoy's.

export interface Workload {
  name: string
  title: string
  /** Connections, tunnels on each, and the size of every answer. */
  connections: number
  tunnelsPerConnection: number
  answerBytes: number
  routes: number
  /** Cairn's CPU per request and RSS divided by Envoy's must not exceed these. */
  target: { cpu?: number; rss?: number }
}

const load = (name: string, title: string, connections: number, tunnelsPerConnection: number, answerBytes: number) => ({
  name,
  title,
  connections,
  tunnelsPerConnection,
  answerBytes,
  routes: 1,
})

const kib = 1024

/** Closed loops: every tunnel always has one request under way. */
export const workloads: readonly Workload[] = [
  { ...load('1k-50x4', '1 KB, 50 connections x 4', 50, 4, kib), target: { cpu: 1 / 3, rss: 1.5 } },
  { ...load('1k-50x1', '1 KB, 50 connections x 1', 50, 1, kib), target: { cpu: 0.4, rss: 1.5 } },
  { ...load('empty-2x64', 'empty, 2 connections x 64', 2, 64, 0), target: { cpu: 1 / 3, rss: 1.5 } },
  { ...load('64k-2x8', '64 KB, 2 connections x 8', 2, 8, 64 * kib), target: { cpu: 1.3, rss: 2.2 } },
  { ...load('1m-2x4', '1 MB, 2 connections x 4', 2, 4, kib * kib), target: { cpu: 1.8, rss: 2.2 } },
  { ...load('routes-10', '1 KB, 50 x 4, 10 routes', 50, 4, kib), routes: 10, target: { cpu: 1 / 3 } },
  { ...load('routes-5000', '1 KB, 50 x 4, 5,000 routes', 50, 4, kib), routes: 5000, target: { cpu: 1 / 3 } },
]

/** With 5,000 routes Cairn may cost so much more than with 10, and use so much memory. */
export const routeScaling = { maxCostGrowth: 1.1, maxRssBytes: 150e6 }

/** The headline: open loop, each client sends at its own pace and may have as many requests waiting as it has tunnels. */
export const headline = { clients: 50, perSecondPerClient: 50, tunnelsPerClient: 4, answerBytes: kib }

export const idleTunnels = { connections: 10, tunnelsPerConnection: 100 }
