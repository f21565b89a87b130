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

/** Envoy's defaults: 1024 connections, pending requests and requests, 3 retries. */
export interface CircuitBreakerLimits {
  readonly maxConnections: number
  readonly maxPendingRequests: number
  readonly maxRequests: number
  readonly maxRetries: number
}

export class CircuitBreakers {
  readonly connections: Resource
  readonly pendingRequests: Resource
  readonly requests: Resource
  readonly retries: Resource

  constructor(limits: CircuitBreakerLimits) {
    this.connections = new Resource(limits.maxConnections)
    this.pendingRequests = new Resource(limits.maxPendingRequests)
    this.requests = new Resource(limits.maxRequests)
    this.retries = new Resource(limits.maxRetries)
  }
}
