// The names that Istio gives to clusters and filter chains; dashboards and istioctl know them.

export type PortSubset = 'http' | 'tcp'

/** The chain and the cluster of a Service of this waypoint. */
export function inboundName(port: number, subset: PortSubset, hostname: string): string {
  return `inbound-vip|${port}|${subset}|${hostname}`
}

/** The cluster of a Service that only a route of this waypoint names. */
export function outboundName(port: number, hostname: string): string {
  return `outbound|${port}||${hostname}`
}
