// The limits of one cluster and priority (envoy.config.cluster.v3.CircuitBreakers.Thresholds) and what is in use of them.

export class Resource {
  readonly limit: number
  inUse = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get isFull(): boolean {
    return this.inUse >= this.limit
  }

  take(): void {
    this.inUse++
  }

  give(): void {
    this.inUse--
  }
}

/** What of the retries beside other requests a cluster takes (Thresholds.retry_budget); counted like a Resource. */
export class RetryBudget {
  inUse = 0
  private readonly limits: RetryBudgetLimits
  private readonly requests: Resource
  private readonly pendingRequests: Resource

  constructor(limits: RetryBudgetLimits, requests: Resource, pendingRequests: Resource) {
    this.limits = limits
    this.requests = requests
    this.pendingRequests = pendingRequests
  }

  get isFull(): boolean {
    const active = this.requests.inUse + this.pendingRequests.inUse
    return this.inUse >= Math.max(this.limits.minConcurrency, Math.floor((this.limits.percent * active) / 100))
  }

  take(): void {
    this.inUse++
  }

  give(): void {
    this.inUse--
  }
}

export interface RetryBudgetLimits {
  /** Of the requests that are active or pending. */
  readonly percent: number
  /** Retries that are allowed however few requests there are. */
  readonly minConcurrency: number
}

/** Envoy's defaults: 1024 connections, pending requests and requests, 3 retries. */
export interface CircuitBreakerLimits {
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
  /** In place of `maxRetries`. */
  readonly retryBudget: RetryBudgetLimits | undefined
}

export class CircuitBreakers {
  readonly connections: Resource
  readonly pendingRequests: Resource
  readonly requests: Resource
  readonly retries: Resource | RetryBudget

  constructor(limits: CircuitBreakerLimits) {
    this.connections = new Resource(limits.maxConnections)
    this.pendingRequests = new Resource(limits.maxPendingRequests)
    this.requests = new Resource(limits.maxRequests)
    this.retries =
      limits.retryBudget === undefined
        ? new Resource(limits.maxRetries)
        : new RetryBudget(limits.retryBudget, this.requests, this.pendingRequests)
  }
}
