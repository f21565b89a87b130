import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../test/support/resources.ts'
import { formatDiagnostic } from '../resources/diagnostic.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { meshSettings } from './mesh-config.ts'
import { defaultMeshSettings, type MeshSettings } from './mesh-settings.ts'
import { TranslationReport } from './report.ts'

function settingsFrom(mesh: string, given?: Partial<MeshSettings>): { settings: MeshSettings; messages: string[] } {
  const yaml = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n${mesh.replace(/^/gm, '    ')}\n`
  const report = new TranslationReport()
  const settings = meshSettings(ResourceStore.of(objectsFrom(yaml)), given, report)
  return { settings, messages: report.diagnostics.map(formatDiagnostic) }
}

describe('the MeshConfig', () => {
  test('gives what translation needs', () => {
    const { settings, messages } = settingsFrom(`trustDomain: mesh.example
trustDomainAliases: [old.example]
connectTimeout: 3s
hboneIdleTimeout: 90m
dnsRefreshRate: 5s
h2UpgradePolicy: UPGRADE
pathNormalization: {normalization: MERGE_SLASHES}
tcpKeepalive: {time: 60s, probes: 3}
localityLbSetting: {enabled: false}`)
    expect(settings).toEqual({
      ...defaultMeshSettings,
      trustDomain: 'mesh.example',
      trustDomainAliases: ['old.example'],
      connectTimeoutMs: 3000,
      hboneIdleTimeoutMs: 5_400_000,
      dnsRefreshRateMs: 5000,
      h2Upgrade: true,
      pathNormalization: 'MERGE_SLASHES',
      tcpKeepalive: { time: '60s', probes: 3 },
      localityLbSetting: { enabled: false },
    })
    expect(messages).toEqual([])
  })

  test('gives way to what is given otherwise, and leaves what it does not say', () => {
    const { settings } = settingsFrom('trustDomain: mesh.example', { trustDomain: 'own.example' })
    expect(settings).toEqual({ ...defaultMeshSettings, trustDomain: 'own.example' })
  })

  test('that cannot be read is named, field by field', () => {
    expect(settingsFrom('connectTimeout: soon\npathNormalization: {normalization: ALL}').messages).toEqual([
      expect.stringMatching(/ConfigMap istio-system\/istio: data\.mesh: connectTimeout cannot be read/),
      expect.stringMatching(/pathNormalization cannot be read/),
    ])
    expect(settingsFrom('a: [').messages).toEqual([expect.stringMatching(/data\.mesh: cannot be read/)])
    expect(settingsFrom('enableTracing: true').messages).toEqual([
      expect.stringMatching(/enableTracing is not carried out/),
    ])
  })
})

test('without a ConfigMap Istio’s defaults count', () => {
  expect(meshSettings(ResourceStore.empty, undefined, new TranslationReport())).toEqual(defaultMeshSettings)
})
