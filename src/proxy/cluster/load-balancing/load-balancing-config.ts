// How a cluster chooses among its hosts, as plain runtime values.

export type PolicyConfig = RoundRobinConfig | LeastRequestConfig | RandomConfig

export interface RoundRobinConfig {
  readonly kind: 'roundRobin'
}

export interface LeastRequestConfig {
  readonly kind: 'leastRequest'
  /** How many hosts are drawn, of which the least busy is taken. */
  readonly choiceCount: number
  /** Look at all hosts instead of drawing some. */
  readonly isFullScan: boolean
  /** Exponent of the active requests by which a weight is divided. */
  readonly activeRequestBias: number
}

export interface RandomConfig {
  readonly kind: 'random'
}

export interface LoadBalancingConfig {
  readonly policy: PolicyConfig
  /** Percent of healthy hosts below which health is ignored; 0: never. */
  readonly panicThresholdPercent: number
}
