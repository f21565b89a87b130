// What Istio's webhook demands of a DestinationRule's traffic policies.

import type {
  ConnectionPoolSettings,
  ConsistentHash,
  LoadBalancerSettings,
  OutlierDetectionSettings,
  PortTrafficPolicy,
  TrafficPolicy,
} from '../destination-rule.ts'
import type { FieldPath } from '../field-path.ts'
import { parseGoDuration } from '../go-duration.ts'
import type { Report } from '../schema.ts'
import { checkClientTls } from './client-tls.ts'
import { checkLocalityLbSetting } from './locality-lb-setting.ts'

export function checkTrafficPolicy(policy: TrafficPolicy, path: FieldPath, report: Report): void {
  checkPortTrafficPolicy(policy, path, report)
  if (Object.keys(policy).length === 0) report(path, 'must not be empty', 'remove it')
  if (policy.tunnel !== undefined && policy.proxyProtocol !== undefined) {
    report([...path, 'tunnel'], 'must not stand beside proxyProtocol', 'remove one of the two')
  }
  checkDuration(policy.retryBudget?.budgetInterval, [...path, 'retryBudget', 'budgetInterval'], report)
  for (const [index, setting] of (policy.portLevelSettings ?? []).entries()) {
    const at = [...path, 'portLevelSettings', index]
    if (!isPort(setting.port?.number)) report([...at, 'port', 'number'], 'is no port', 'write a number from 1 to 65535')
    checkPortTrafficPolicy(setting, at, report)
  }
}

function checkPortTrafficPolicy(policy: PortTrafficPolicy, path: FieldPath, report: Report): void {
  const { loadBalancer, connectionPool, outlierDetection, tls } = policy
  if (loadBalancer !== undefined) checkLoadBalancer(loadBalancer, [...path, 'loadBalancer'], report)
  if (connectionPool !== undefined) checkConnectionPool(connectionPool, [...path, 'connectionPool'], report)
  if (outlierDetection !== undefined) checkOutlierDetection(outlierDetection, [...path, 'outlierDetection'], report)
  if (tls !== undefined) checkClientTls(tls, [...path, 'tls'], report)
}

function checkLoadBalancer(settings: LoadBalancerSettings, path: FieldPath, report: Report): void {
  const { simple, consistentHash, localityLbSetting, zoneAwareLbSetting, warmup, warmupDurationSecs } = settings
  if (simple !== undefined && consistentHash !== undefined) {
    report([...path, 'simple'], 'must not stand beside consistentHash', 'remove one of the two')
  }
  if (localityLbSetting !== undefined && zoneAwareLbSetting !== undefined) {
    report([...path, 'localityLbSetting'], 'must not stand beside zoneAwareLbSetting', 'remove one of the two')
  }
  if (consistentHash !== undefined) checkConsistentHash(consistentHash, [...path, 'consistentHash'], report)
  if (localityLbSetting !== undefined) {
    checkLocalityLbSetting(localityLbSetting, [...path, 'localityLbSetting'], report)
  }
  checkDuration(warmup?.duration, [...path, 'warmup', 'duration'], report)
  checkDuration(warmupDurationSecs, [...path, 'warmupDurationSecs'], report)
  if (warmup?.aggression === 0) report([...path, 'warmup', 'aggression'], 'must be greater than 0')
}

/** Envoy's bound on Maglev tables. */
const maxTableSize = 5_000_011

function checkConsistentHash(hash: ConsistentHash, path: FieldPath, report: Report): void {
  const keys = (['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const).filter(
    (key) => hash[key] !== undefined,
  )
  if (keys.length > 1) report([...path, keys[1]], `must not stand beside ${keys[0]}`, 'remove one of the two')
  const algorithms = (['ringHash', 'maglev', 'minimumRingSize'] as const).filter((key) => hash[key] !== undefined)
  if (algorithms.length > 1) {
    report([...path, algorithms[1]], `must not stand beside ${algorithms[0]}`, 'remove one of the two')
  }
  if (hash.httpCookie?.name === '') report([...path, 'httpCookie', 'name'], 'must not be empty')
  const ttl = hash.httpCookie?.ttl
  if (ttl !== undefined && parseGoDuration(ttl) === undefined) {
    report([...path, 'httpCookie', 'ttl'], `${JSON.stringify(ttl)} is not a duration`, 'write 60s, 5m, ...')
  }
  const size = hash.maglev?.tableSize
  if (hash.maglev !== undefined && (size === undefined || size >= maxTableSize || !isPrime(size))) {
    report([...path, 'maglev', 'tableSize'], `must be a prime number below ${maxTableSize}`, 'write 65537')
  }
}

function checkConnectionPool({ tcp, http }: ConnectionPoolSettings, path: FieldPath, report: Report): void {
  const counts = { ...tcp, ...http } as Readonly<Record<string, unknown>>
  for (const [key, value] of Object.entries(counts)) {
    const owner = http !== undefined && Object.hasOwn(http, key) ? 'http' : 'tcp'
    if (typeof value === 'number' && value < 0) report([...path, owner, key], 'must not be negative')
  }
  checkDuration(tcp?.connectTimeout, [...path, 'tcp', 'connectTimeout'], report)
  checkDuration(tcp?.maxConnectionDuration, [...path, 'tcp', 'maxConnectionDuration'], report)
  // 0 says that connections may be idle for ever.
  if (tcp?.idleTimeout === undefined || parseGoDuration(tcp.idleTimeout) !== 0) {
    checkDuration(tcp?.idleTimeout, [...path, 'tcp', 'idleTimeout'], report)
  }
  checkDuration(tcp?.tcpKeepalive?.time, [...path, 'tcp', 'tcpKeepalive', 'time'], report)
  checkDuration(tcp?.tcpKeepalive?.interval, [...path, 'tcp', 'tcpKeepalive', 'interval'], report)
  checkDuration(http?.idleTimeout, [...path, 'http', 'idleTimeout'], report)
  for (const key of ['interval', 'timeout'] as const) {
    if (http?.http2KeepAlive === undefined) break
    const at = [...path, 'http', 'http2KeepAlive', key]
    if (http.http2KeepAlive[key] === undefined) report(at, 'is required', 'add it')
    else checkDuration(http.http2KeepAlive[key], at, report)
  }
  if (http?.useClientProtocol === true && http.h2UpgradePolicy === 'UPGRADE') {
    report([...path, 'http', 'useClientProtocol'], 'must not stand beside h2UpgradePolicy UPGRADE')
  }
}

function checkOutlierDetection(outlier: OutlierDetectionSettings, path: FieldPath, report: Report): void {
  checkDuration(outlier.interval, [...path, 'interval'], report)
  checkDuration(outlier.baseEjectionTime, [...path, 'baseEjectionTime'], report)
  for (const key of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const percent = outlier[key]
    if (percent !== undefined && (percent < 0 || percent > 100)) report([...path, key], 'must be from 0 to 100')
  }
  const { consecutiveLocalOriginFailures: failures = 0, splitExternalLocalOriginErrors } = outlier
  if (failures > 0 && splitExternalLocalOriginErrors !== true) {
    report(
      [...path, 'consecutiveLocalOriginFailures'],
      'needs splitExternalLocalOriginErrors: true',
      'add it, or remove this',
    )
  }
}

/** A millisecond at least, as Istio demands. */
function checkDuration(text: string | undefined, path: FieldPath, report: Report): void {
  if (text === undefined) return
  const milliseconds = parseGoDuration(text)
  if (milliseconds === undefined) report(path, `${JSON.stringify(text)} is not a duration`, 'write 100ms, 10s, 5m, ...')
  else if (milliseconds < 1) report(path, 'must be 1ms at least')
}

function isPort(port: number | undefined): boolean {
  return port !== undefined && port >= 1 && port <= 65_535
}

function isPrime(value: number): boolean {
  if (value < 2) return false
  for (let divisor = 2; divisor * divisor <= value; divisor++) if (value % divisor === 0) return false
  return true
}
