// The filters of one connection manager, sorted once into the phases that have handlers. A request runs down an array.

import type { InstalledFilter } from './filter.ts'

/** `slot` is the filter's place in the chain: its index in `exchange.slots` and in a route's per-filter configuration. */
export interface PipelineStep {
  readonly slot: number
  readonly installed: InstalledFilter
}

export interface Pipeline {
  readonly filters: readonly InstalledFilter[]
  readonly request: readonly PipelineStep[]
  readonly requestData: readonly PipelineStep[]
  readonly requestTrailers: readonly PipelineStep[]
  /** Last filter first. */
  readonly response: readonly PipelineStep[]
  readonly responseData: readonly PipelineStep[]
  readonly responseTrailers: readonly PipelineStep[]
  readonly end: readonly PipelineStep[]
}

/** @param configured by slot: does any route configure this filter? */
export function compilePipeline(filters: readonly InstalledFilter[], configured: readonly boolean[]): Pipeline {
  const steps = filters
    .map((installed, slot) => ({ slot, installed }))
    .filter((step) => step.installed.filter.actsByRouteOnly !== true || configured[step.slot])
  const reversed = [...steps].reverse()
  return {
    filters,
    request: steps.filter((step) => step.installed.filter.onRequest !== undefined),
    requestData: steps.filter((step) => step.installed.filter.onRequestData !== undefined),
    requestTrailers: steps.filter((step) => step.installed.filter.onRequestTrailers !== undefined),
    response: reversed.filter((step) => step.installed.filter.onResponse !== undefined),
    responseData: reversed.filter((step) => step.installed.filter.onResponseData !== undefined),
    responseTrailers: reversed.filter((step) => step.installed.filter.onResponseTrailers !== undefined),
    end: steps.filter((step) => step.installed.filter.onEnd !== undefined),
  }
}
