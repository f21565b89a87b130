// Istio's MeshConfig: the key `mesh` of the ConfigMap `istio` in the root namespace, as far as a waypoint's configuration depends on
// it. Settings that are given otherwise come first.

import type { ConfigMap } from '../resources/core.ts'
import type { LocalityLbSetting, TcpKeepalive } from '../resources/destination-rule.ts'
import { parseGoDuration } from '../resources/go-duration.ts'
import type { ResourceReader } from '../resources/resource-store.ts'
import type { Plain, PlainObject } from '../resources/schema.ts'
import { parseYamlDocument } from '../resources/yaml-documents.ts'
import { defaultMeshSettings, type MeshSettings, type PathNormalization } from './mesh-settings.ts'
import type { TranslationReport } from './report.ts'

const configMapName = 'istio'

/** The settings of the mesh: those given, else those of its ConfigMap, else Istio's defaults. */
export function meshSettings(
  reader: ResourceReader,
  given: Partial<MeshSettings> | undefined,
  report: TranslationReport,
): MeshSettings {
  const namespace = given?.rootNamespace ?? defaultMeshSettings.rootNamespace
  const configMap = reader.get('ConfigMap', namespace, configMapName)
  return { ...defaultMeshSettings, ...(configMap && readMeshConfig(configMap, report)), ...given }
}

/** Fields that shape waypoints of Istio and are not carried out. The others are for sidecars, gateways or istiod itself. */
const missing = [
  'accessLogEncoding', 'accessLogFile', 'accessLogFormat', 'defaultHttpRetryPolicy', 'defaultProviders', 'discoverySelectors',
  'enableTracing', 'extensionProviders', 'inboundClusterStatName', 'serviceEntryVisibility', 'serviceScopeConfigs', 'tlsDefaults',
] // prettier-ignore

function readMeshConfig(configMap: ConfigMap, report: TranslationReport): Partial<MeshSettings> {
  const path = ['data', 'mesh']
  const document = parseYamlDocument({ content: configMap.data?.['mesh'] ?? '', line: 1 })
  const config = objectOf(document.value)
  if (document.errors.length > 0) {
    const message = `cannot be read (${document.errors[0].message}), so Istio's defaults count`
    report.error(configMap, path, message, 'correct the YAML')
    return {}
  }
  for (const field of missing) {
    if (config[field] !== undefined) report.warning(configMap, path, `${field} is not carried out by waypoints here`)
  }
  const readable = <T>(field: string, value: T | undefined): T | undefined => {
    const isWrong = value === undefined && config[field] !== undefined
    if (isWrong) report.error(configMap, path, `${field} cannot be read, so Istio's default counts`, 'correct it')
    return value
  }
  const milliseconds = (field: string) => readable(field, durationOf(config[field]))
  return withoutAbsent({
    trustDomain: text(config['trustDomain']),
    trustDomainAliases: texts(config['trustDomainAliases']),
    rootNamespace: text(config['rootNamespace']),
    connectTimeoutMs: milliseconds('connectTimeout'),
    hboneIdleTimeoutMs: milliseconds('hboneIdleTimeout'),
    dnsRefreshRateMs: milliseconds('dnsRefreshRate'),
    pathNormalization: readable('pathNormalization', normalizationOf(config['pathNormalization'])),
    tcpKeepalive: part<TcpKeepalive>(config['tcpKeepalive']),
    h2Upgrade: config['h2UpgradePolicy'] === undefined ? undefined : config['h2UpgradePolicy'] === 'UPGRADE',
    localityLbSetting: part<LocalityLbSetting>(config['localityLbSetting']),
  })
}

const normalizations = new Map<Plain, PathNormalization>([
  ['DEFAULT', 'BASE'],
  ['NONE', 'NONE'],
  ['BASE', 'BASE'],
  ['MERGE_SLASHES', 'MERGE_SLASHES'],
  ['DECODE_AND_MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'],
])

function normalizationOf(value: Plain | undefined): PathNormalization | undefined {
  return normalizations.get(objectOf(value)['normalization'] ?? 'DEFAULT')
}

function durationOf(value: Plain | undefined): number | undefined {
  return typeof value === 'string' ? parseGoDuration(value) : undefined
}

function text(value: Plain | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function texts(value: Plain | undefined): string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** istiod has validated it. */
function part<T>(value: Plain | undefined): T | undefined {
  return value === undefined ? undefined : (objectOf(value) as T)
}

function objectOf(value: Plain | undefined): PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/** What is absent must not hide a default. */
function withoutAbsent(settings: {
  readonly [K in keyof MeshSettings]?: MeshSettings[K] | undefined
}): Partial<MeshSettings> {
  const present = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(present)
}
