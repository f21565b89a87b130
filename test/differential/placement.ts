// Gives every case of a group addresses of its own on loopback: a virtual IP for its service and one address for each pod.
// So all cases of a group share one proxy and never share a chain, a cluster, a pool or a log line.

import { GROUPS, type DifferentialCase, type PodSpec, type ServiceSpec } from './case.ts'

/** The port of plain pods and the port in the addresses of all pods. */
export const POD_PORT = 8080

export const SERVICE_PORTS = { http: 80, auto: 85, tcp: 90 } as const

/** Pods live above this third octet, services below. */
export const FIRST_POD_OCTET = 128

const PODS_PER_GROUP = 8

export interface PlacedPod {
  readonly name: string
  readonly address: string
  readonly spec: PodSpec
}

export interface PlacedCase {
  readonly case: DifferentialCase
  readonly service: ServiceSpec
  /** `IP:port` that a client puts into CONNECT. */
  readonly authority: string
  readonly vip: string
  readonly pods: readonly PlacedPod[]
}

/** @param network the second octet of all addresses. */
export function placeCases(cases: readonly DifferentialCase[], network: number): PlacedCase[] {
  const perGroup = new Map<string, number>()
  return cases.map((item) => {
    const index = (perGroup.get(item.group) ?? 0) + 1
    perGroup.set(item.group, index)
    if (index > 250) throw new Error(`more than 250 cases in group ${item.group}`)
    const group = GROUPS.indexOf(item.group)
    const vip = `127.${network}.${group}.${index}`
    const pods = Object.entries(item.pods()).map(([name, spec], ordinal) => ({
      name,
      address: `127.${network}.${FIRST_POD_OCTET + group * PODS_PER_GROUP + ordinal}.${index}`,
      spec,
    }))
    const service = item.service ?? {}
    const protocol = service.protocol ?? 'http'
    const authority = protocol === 'direct' ? `${pods[0].address}:${POD_PORT}` : `${vip}:${SERVICE_PORTS[protocol]}`
    return { case: item, service, authority, vip, pods }
  })
}
