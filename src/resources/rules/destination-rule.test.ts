import { describe, expect, test } from '@jest/globals'
import { formatDiagnostic } from '../diagnostic.ts'
import { parseObjects } from '../parse-objects.ts'

function messages(spec: string, version = 'v1'): string[] {
  const yaml = `apiVersion: networking.istio.io/${version}\nkind: DestinationRule\nmetadata: {name: d, namespace: demo}\nspec: ${spec}\n`
  return parseObjects(yaml, 'a.yaml').diagnostics.map(formatDiagnostic)
}

const policy = (text: string) => `{host: a, trafficPolicy: ${text}}`
const balancer = (text: string) => policy(`{loadBalancer: ${text}}`)

describe('a DestinationRule', () => {
  test.each([
    ['with a host alone', '{host: a}'],
    ['for a whole domain', '{host: "*.example.com"}'],
    ['for everything', '{host: "*"}'],
    ['with subsets', '{host: a, subsets: [{name: v1, labels: {version: v1}}, {name: v2}]}'],
    ['with a connection pool', policy('{connectionPool: {tcp: {maxConnections: 1, idleTimeout: 0s, connectTimeout: 1h30m}, http: {http2KeepAlive: {interval: 1s, timeout: 1s}}}}')],
    ['with a hash', balancer('{consistentHash: {httpCookie: {name: c, ttl: 0s}, maglev: {tableSize: 65537}}}')],
    ['with localities', balancer('{localityLbSetting: {distribute: [{from: r1/z1/*, to: {r1/z1: 80, r2: 20}}]}}')],
    ['with certificates of files', policy('{tls: {mode: MUTUAL, clientCertificate: /c, privateKey: /k}}')],
    ['for itself only', '{host: a, exportTo: ["."], workloadSelector: {matchLabels: {app: a}}}'],
  ])('%s is read', (_, spec) => {
    for (const version of ['v1', 'v1beta1', 'v1alpha3']) expect(messages(spec, version)).toEqual([])
  }) // prettier-ignore

  test.each([
    ['{host: "a..b"}', /spec\.host: "a\.\.b" is not a host name/],
    ['{host: a, subsets: [{name: V1}]}', /subsets\[0\]\.name: "V1" is not a subset name/],
    ['{host: a, subsets: [{name: v}, {name: v}]}', /subsets\[1\]\.name: "v" is used twice/],
    ['{host: a, exportTo: ["*", b]}', /exportTo: names namespaces beside "\*"/],
    ['{host: a, exportTo: ["*"], workloadSelector: {matchLabels: {}}}', /exportTo: must be "\." beside workloadSelector/],
    [policy('{}'), /trafficPolicy: must not be empty/],
    [policy('{portLevelSettings: [{port: {number: 0}, tls: {mode: SIMPLE}}]}'), /port\.number: is no port/],
    [policy('{connectionPool: {tcp: {connectTimeout: soon}}}'), /connectTimeout: "soon" is not a duration/],
    [policy('{connectionPool: {tcp: {connectTimeout: 0s}}}'), /connectTimeout: must be 1ms at least/],
    [policy('{connectionPool: {http: {maxRetries: -1}}}'), /http\.maxRetries: must not be negative/],
    [policy('{connectionPool: {http: {http2KeepAlive: {interval: 1s}}}}'), /http2KeepAlive\.timeout: is required/],
    [policy('{connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: UPGRADE}}}'), /must not stand beside h2Up/],
    [policy('{outlierDetection: {maxEjectionPercent: 101}}'), /maxEjectionPercent: must be from 0 to 100/],
    [policy('{outlierDetection: {consecutiveLocalOriginFailures: 1}}'), /needs splitExternalLocalOriginErrors/],
    [policy('{tls: {mode: MUTUAL}}'), /tls\.clientCertificate: is required for mode MUTUAL/],
    [policy('{tls: {mode: SIMPLE, credentialName: a, caCertificates: /a}}'), /caCertificates: must not stand beside cred/],
    [policy('{tls: {mode: SIMPLE, insecureSkipVerify: true, caCertificates: /a}}'), /must not stand beside insecureSkip/],
    [balancer('{simple: RANDOM, consistentHash: {useSourceIp: true}}'), /simple: must not stand beside consistentHash/],
    [balancer('{consistentHash: {useSourceIp: true, httpHeaderName: a}}'), /useSourceIp: must not stand beside httpHeader/],
    [balancer('{consistentHash: {useSourceIp: true, maglev: {tableSize: 10}}}'), /tableSize: must be a prime number/],
    [balancer('{localityLbSetting: {distribute: [{from: r1, to: {r1: 90}}]}}'), /weights that add up to 90/],
    [balancer('{localityLbSetting: {distribute: [{from: "*/z1", to: {r1: 100}}]}}'), /"\*\/z1" is not a locality/],
    [balancer('{localityLbSetting: {failover: [{from: r1, to: r1}]}}'), /must be another region than from/],
    [balancer('{localityLbSetting: {failover: [{from: r1/z1, to: r2}]}}'), /from: must be a region/],
  ])('%s is refused', (spec, message) => {
    expect(messages(spec)).toContainEqual(expect.stringMatching(message))
  }) // prettier-ignore
})
