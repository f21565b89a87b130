// What a proxy needs to know of its bootstrap, as plain data.

import { toBinary } from '@bufbuild/protobuf'
import { BootstrapSchema, type Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import type { SocketName } from './command-options.ts'
import type { BootstrapFacts, RuntimeFacts } from './configuration-change.ts'

export function bootstrapFacts(bootstrap: Bootstrap): BootstrapFacts {
  const runtime = runtimeFacts(bootstrap)
  return {
    bytes: toBinary(BootstrapSchema, bootstrap),
    nodeId: bootstrap.node?.id ?? '',
    clusterName: bootstrap.node?.cluster ?? '',
    admin: adminAddress(bootstrap),
    rejectsPathWithFragment: rejectsFragments(runtime),
    runtime,
  }
}

function adminAddress({ admin }: Bootstrap): SocketName | undefined {
  const address = admin?.address?.address
  if (address?.case !== 'socketAddress') return undefined
  const { portSpecifier, address: host } = address.value
  return { host, port: portSpecifier.case === 'portValue' ? portSpecifier.value : 0 }
}

/** Envoy's default is true; istiod's bootstrap turns it off. */
function rejectsFragments({ entries }: RuntimeFacts): boolean {
  return entries.get('envoy.reloadable_features.http_reject_path_with_fragment')?.finalValue !== 'false'
}

/** Nothing but the keys named in life-of-a-config.md has an effect, and none can be changed while running. */
function runtimeFacts(bootstrap: Bootstrap): RuntimeFacts {
  const layers = bootstrap.layeredRuntime?.layers ?? []
  const entries = new Map<string, { finalValue: string; layerValues: string[] }>()
  layers.forEach((layer, index) => {
    if (layer.layerSpecifier.case !== 'staticLayer') return
    for (const [key, value] of Object.entries(layer.layerSpecifier.value)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      const entry = entries.get(key) ?? { finalValue: '', layerValues: layers.map(() => '') }
      entry.layerValues[index] = text
      entry.finalValue = text
      entries.set(key, entry)
    }
  })
  return { layers: layers.map((layer) => layer.name), entries }
}
