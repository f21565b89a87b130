// `typed_per_filter_config` of routes: which installed filter it means, and the runtime that replaces the filter's own.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import type { Any } from '@bufbuild/protobuf/wkt'
import { typeNameOf } from '../../envoy/any.ts'
import { FilterConfigSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { FilterDeps, HttpFilterFactory, InstalledFilter } from './filter.ts'
import type { PerFilterConfig, PerFilterConfigs } from './route-config.ts'

export interface PerFilterCompiler {
  compile(configs: { [name: string]: Any }, problems: Problems): PerFilterConfigs
  /** What counts at a level inside another. */
  merge(outer: PerFilterConfigs, inner: PerFilterConfigs): PerFilterConfigs
}

/** `installed` and `factories` run in parallel: the chain's filters and what made them. */
export function perFilterCompiler(
  installed: readonly InstalledFilter[],
  factories: readonly (HttpFilterFactory | undefined)[],
  deps: FilterDeps,
): PerFilterCompiler {
  return {
    compile(configs, problems) {
      const bySlot: (PerFilterConfig | undefined)[] = []
      for (const [name, any] of Object.entries(configs)) {
        const slot = installed.findIndex((filter) => filter.name === name)
        // As in Envoy, configuration for a filter that is not installed has no effect.
        if (slot < 0) continue
        bySlot[slot] = compileOne(any, factories[slot], deps, problems.key(name))
      }
      return bySlot
    },
    merge: (outer, inner) =>
      inner.length === 0 ? outer : installed.map((_, slot) => mergeOne(outer[slot], inner[slot], factories[slot])),
  }
}

/** Only a level that configures the filter, and does not merely switch it, stands in for the levels around it. */
function mergeOne(
  outer: PerFilterConfig | undefined,
  inner: PerFilterConfig | undefined,
  factory: HttpFilterFactory | undefined,
): PerFilterConfig | undefined {
  if (outer?.runtime === undefined || inner === undefined) return inner ?? outer
  if (inner.runtime === undefined) return { disabled: inner.disabled, runtime: outer.runtime }
  if (factory?.combine === undefined) return inner
  return { disabled: inner.disabled, runtime: factory.combine(outer.runtime, inner.runtime) }
}

function compileOne(
  any: Any,
  factory: HttpFilterFactory | undefined,
  deps: FilterDeps,
  problems: Problems,
): PerFilterConfig {
  const wrapper = anyUnpack(any, FilterConfigSchema)
  if (wrapper !== undefined) {
    if (wrapper.config === undefined) return { disabled: wrapper.disabled, runtime: undefined }
    const inner = compileOne(wrapper.config, factory, deps, problems.at('config'))
    return { disabled: wrapper.disabled, runtime: inner.runtime }
  }
  const schema = factory?.perRoute
  if (factory === undefined || schema === undefined || factory.compilePerRoute === undefined) {
    problems.add(`${typeNameOf(any.typeUrl)} is no per-route configuration of this filter`)
    return { disabled: false, runtime: undefined }
  }
  const message = anyUnpack(any, schema)
  if (message === undefined) {
    problems.add(`expected ${schema.typeName}, found ${typeNameOf(any.typeUrl)}`)
    return { disabled: false, runtime: undefined }
  }
  return factory.compilePerRoute(message, deps, problems)
}
