// The names that Istio gives to clusters and filter chains; dashboards and istioctl know them.

export type PortSubset = 'http' | 'tcp'

/** The chain and the cluster of a Service of this waypoint; with a DestinationRule's subset the cluster of that. */
export function inboundName(port: number, portSubset: PortSubset, hostname: string, subset = ''): string {
  return `inbound-vip|${port}|${clusterSubset(portSubset, subset)}|${hostname}`
}

/** The cluster of a Service that only a route of this waypoint names. */
export function outboundName(port: number, hostname: string, subset = ''): string {
  return `outbound|${port}|${subset}|${hostname}`
}

/** `http`, `http/v1`. */
export function clusterSubset(portSubset: PortSubset, subset: string): string {
  return subset === '' ? portSubset : `${portSubset}/${subset}`
}
