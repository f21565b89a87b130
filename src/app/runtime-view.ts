// The runtime of a bootstrap as `/runtime` shows it. Nothing but the keys named in life-of-a-config.md has an effect, and
// none can be changed while running.

import type { RuntimeView } from '../admin/admin-source.ts'
import type { Bootstrap } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'

export function runtimeView(bootstrap: Bootstrap | undefined): RuntimeView {
  const layers = bootstrap?.layeredRuntime?.layers ?? []
  return {
    layers: layers.map((layer) => layer.name),
    entries() {
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
      return entries
    },
    modify: () => false,
  }
}
