// Our admin interface beside the real Envoy's: the same configuration, the same requests in the same order, the same answers.

import { fromJson } from '@bufbuild/protobuf'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import type { CertificateDetails, ClusterStatus, HealthFlag, HostStatus } from '../../src/admin/admin-source.ts'
import { AdminServer } from '../../src/admin/admin-server.ts'
import { packAny } from '../../src/envoy/any.ts'
import { loadBootstrap } from '../../src/envoy/decode/load.ts'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { ServerInfoSchema } from '../../src/envoy/generated/envoy/admin/v3/server_info_pb.js'
import { ClusterLoadAssignmentSchema } from '../../src/envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { FakeAdminSource } from '../support/fake-admin-source.ts'
import type { Recording } from './recording.ts'

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const recordings = JSON.parse(read('recordings.json')) as Recording[]

/** Parts of Envoy's own answers, where they are facts of that run rather than of the configuration. */
function recorded(request: string): JsonObject {
  const recording = recordings.find((one) => one.request === request)
  return JSON.parse(recording?.body ?? '') as JsonObject
}

const defaultLimits = { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 }

const source = fakeOfRecordings()
const server = new AdminServer(source)
let base = ''
beforeAll(async () => {
  const { ip, port } = await server.listen({ ip: '127.0.0.1', port: 0 })
  base = `http://${ip}:${port}`
})
afterAll(() => server.close())

describe('the admin interface answers as Envoy does', () => {
  test.each(recordings)('$request', async ({ request, status, contentType, body }) => {
    const [method, target] = request.split(' ')
    const response = await fetch(base + target, { method })
    expect([response.status, response.headers.get('content-type')]).toEqual([status, contentType])
    expect(response.headers.get('cache-control')).toBe('no-cache, max-age=0')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('server')).toBe('envoy')
    expect(comparable(await response.text())).toEqual(comparable(body))
  })

  test('quitquitquit ended the process, after it had been answered', () => {
    expect(source.calls.at(-1)).toEqual(['quit'])
  })
})

/** JSON as a value, without what is only Envoy's order or only that run's time. */
function comparable(body: string): unknown {
  // Envoy marks what it prints for debugging with words that change.
  if (!body.startsWith('{')) return body.replace(/goo\.gle\/\w+\s+/, '')
  return JSON.parse(body, (key, value: JsonValue) => {
    // The list is left out of the recordings.
    if (key === 'extensions') return undefined
    if (key === 'last_updated') return 'a time'
    if (key === 'days_until_expiration') return 'days'
    const isUnordered = ['cluster_statuses', 'static_route_configs', 'configs'].includes(key)
    return isUnordered ? [...(value as JsonValue[])].map((one) => JSON.stringify(sorted(one))).sort() : value
  })
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

function fakeOfRecordings(): FakeAdminSource {
  const yaml = read('envoy.yaml').replaceAll('ADMIN_PORT', '15000')
  const { bootstrap, errors } = loadBootstrap(yaml, 'envoy.yaml')
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  const dump = recorded('GET /config_dump') as { configs: { bootstrap: { node: JsonValue } }[] }
  const node = fromJson(ServerInfoSchema, { node: dump.configs[0].bootstrap.node }, { registry }).node
  const fake = new FakeAdminSource({ ...bootstrap, node })
  fake.info = fromJson(ServerInfoSchema, recorded('GET /server_info'), { registry })
  fake.listenerStatuses = listenerStatuses()
  fake.clusterStatuses = [internalCluster(), mainCluster()]
  fake.certificateStatuses = certificateStatuses()
  fake.endpoints = endpointConfigs()
  fake.runtimeValues = new Map([
    ['health_check.min_interval', '5'],
    ['foo', 'bar'],
    ['flag', 'true'],
  ])
  fake.series.gauge('server.live').set(1)
  return fake
}

function listenerStatuses() {
  const lines =
    recordings
      .find(({ request }) => request === 'GET /listeners')
      ?.body.trim()
      .split('\n') ?? []
  const addresses = lines.map((line) => line.slice(line.indexOf('::') + 2))
  return [
    { name: 'main', addresses: addresses.slice(0, 2) },
    { name: 'internal', addresses: addresses.slice(2) },
  ]
}

function mainCluster(): ClusterStatus {
  const place = { region: 'r', zone: 'z', subZone: 's' }
  return {
    ...emptyCluster('c'),
    observabilityName: 'calt',
    hasOutlierDetection: true,
    defaultLimits: { ...defaultLimits, maxConnections: 7 },
    hosts: [
      { ...host('127.0.0.1:19009'), ...place, hostname: 'hn', weight: 5 },
      { ...host('[::1]:19010', 'failed_eds_health'), ...place },
      { ...host('127.0.0.1:19011', 'degraded_eds_health'), ...place },
      { ...host('127.0.0.1:19012', 'eds_status_draining'), ...place },
    ],
  }
}

function internalCluster(): ClusterStatus {
  return { ...emptyCluster('i'), hosts: [host('envoy://internal/1.2.3.4:80')] }
}

function emptyCluster(name: string): ClusterStatus {
  return {
    name,
    observabilityName: name,
    addedViaApi: false,
    edsServiceName: '',
    hasOutlierDetection: false,
    defaultLimits,
    highLimits: defaultLimits,
    hosts: [],
  }
}

function host(address: string, ...healthFlags: HealthFlag[]): HostStatus {
  return {
    address,
    hostname: '',
    region: '',
    zone: '',
    subZone: '',
    weight: 1,
    priority: 0,
    healthFlags,
    stats: {
      cxActive: 0,
      cxConnectFail: 0,
      cxTotal: 0,
      rqActive: 0,
      rqError: 0,
      rqPendingActive: 0,
      rqSuccess: 0,
      rqTimeout: 0,
      rqTotal: 0,
    },
  }
}

interface RecordedCertificate {
  path: string
  serial_number: string
  subject_alt_names: Record<string, string>[]
  valid_from: string
  expiration_time: string
}

function certificateStatuses() {
  const { certificates } = recorded('GET /certs') as unknown as {
    certificates: { ca_cert: RecordedCertificate[]; cert_chain: RecordedCertificate[] }[]
  }
  return certificates.map(({ ca_cert, cert_chain }) => ({
    caCertificates: ca_cert.map(certificateDetails),
    certificateChain: cert_chain.map(certificateDetails),
  }))
}

function certificateDetails(certificate: RecordedCertificate): CertificateDetails {
  return {
    path: certificate.path,
    serialNumber: certificate.serial_number,
    subjectAltNames: certificate.subject_alt_names.map((name) => {
      const [kind, value] = Object.entries(name)[0]
      return { kind: kind === 'ip_address' ? 'ipAddress' : (kind as 'uri' | 'dns'), value }
    }),
    validFromMs: Date.parse(certificate.valid_from),
    expirationMs: Date.parse(certificate.expiration_time),
  }
}

function endpointConfigs() {
  const { configs } = recorded('GET /config_dump?include_eds') as { configs: JsonObject[] }
  const endpoints = configs.find((config) => (config['@type'] as string).endsWith('.EndpointsConfigDump'))
  return (endpoints?.static_endpoint_configs as { endpoint_config: JsonObject }[]).map(({ endpoint_config }) => {
    const { '@type': _, ...fields } = endpoint_config
    return packAny(ClusterLoadAssignmentSchema, fromJson(ClusterLoadAssignmentSchema, fields, { registry }))
  })
}
