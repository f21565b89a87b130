import { expect, test } from '@jest/globals'
import { objectsFrom } from '../../test/support/resources.ts'
import { formatDiagnostic } from '../resources/diagnostic.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { Translator } from '../translate/translate.ts'
import { executablePart } from './executable-part.ts'

const service = (name: string, ip: string) => `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: demo}
spec: {clusterIP: ${ip}, ports: [{name: http, port: 80}]}
`
const objects = `apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
${service('a', '10.0.0.1')}${service('b', '10.0.0.2')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: demo}
spec: {host: a, trafficPolicy: {tls: {mode: SIMPLE, caCrl: /crl.pem}}}
`

test('a cluster that the data plane cannot execute is refused by itself, and said so each time', () => {
  const translator = new Translator()
  const store = ResourceStore.of(objectsFrom(objects))
  const options = { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 }
  for (let round = 0; round < 2; round++) {
    const { clusters, endpoints, diagnostics } = executablePart(translator.translate(store, options))
    const names = [...clusters.map(({ name }) => name), ...endpoints.map(({ clusterName }) => clusterName)]
    expect(names.filter((name) => name.includes('|a.'))).toEqual([])
    expect(names.filter((name) => name.includes('|b.'))).toHaveLength(2)
    expect(diagnostics.map(formatDiagnostic)).toContainEqual(
      expect.stringMatching(/Service demo\/a: needs revocation lists .*inbound-vip\|80\|http\|a\.demo.* get 503/),
    )
  }
})
