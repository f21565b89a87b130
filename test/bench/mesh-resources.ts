// The bench's service as users write it: Kubernetes objects, for the proxy that reads those.

import { serviceAddress, serviceHost } from './waypoint-config.ts'

const namespace = 'bench'
const [serviceName] = serviceHost.split('.')

/** Everything but the route. `workloadHost` is the address of the one pod, which is in the mesh. */
export function meshObjects(workloadHost: string): object[] {
  const metadata = (name: string, more: object = {}) => ({ name, namespace, ...more })
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'waypoint' },
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: metadata('waypoint'),
      spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(serviceName) },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(serviceName),
      spec: {
        clusterIP: serviceAddress,
        selector: { app: serviceName },
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: metadata('app-1', {
        labels: { app: serviceName },
        annotations: { 'ambient.istio.io/redirection': 'enabled' },
      }),
      spec: {
        serviceAccountName: serviceName,
        containers: [{ name: 'app', image: 'none', ports: [{ containerPort: 8080 }] }],
      },
      status: { phase: 'Running', podIP: workloadHost, podIPs: [{ ip: workloadHost }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: metadata('app-1', { labels: { 'kubernetes.io/service-name': serviceName } }),
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: [workloadHost],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', name: 'app-1', namespace },
        },
      ],
    },
  ]
}

/** The route, whose answers say which version of it they came by. */
export function versionedRoute(version: number): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'app', namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: serviceName, port: 80 }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          filters: [
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: 'x-route-version', value: String(version) }] },
            },
          ],
          backendRefs: [{ name: serviceName, port: 80 }],
        },
      ],
    },
  }
}
