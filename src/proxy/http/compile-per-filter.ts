// `typed_per_filter_config` of routes: which installed filter it means, and the runtime that replaces the filter's own.

import { anyUnpack } from '@bufbuild/protobuf/wkt'
import type { Any } from '@bufbuild/protobuf/wkt'
import { typeNameOf } from '../../envoy/any.ts'
import { FilterConfigSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import type { FilterDeps, HttpFilterFactory, InstalledFilter } from './filter.ts'
import type { PerFilterConfig, PerFilterConfigs } from './route-config.ts'

export type PerFilterCompiler = (configs: { [name: string]: Any }, problems: Problems) => PerFilterConfigs

/** `installed` and `factories` run in parallel: the chain's filters and what made them. */
export function perFilterCompiler(
  installed: readonly InstalledFilter[],
  factories: readonly (HttpFilterFactory | undefined)[],
  deps: FilterDeps,
): PerFilterCompiler {
  return (configs, problems) => {
    const bySlot: (PerFilterConfig | undefined)[] = []
    for (const [name, any] of Object.entries(configs)) {
      const slot = installed.findIndex((filter) => filter.name === name)
      // As in Envoy, configuration for a filter that is not installed has no effect.
      if (slot < 0) continue
      bySlot[slot] = compileOne(any, factories[slot], deps, problems.key(name))
    }
    return bySlot
  }
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
