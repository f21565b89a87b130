// The waypoint as a client of endpoints: where it runs and which labels it has, for localities and label priorities.

import type { Gateway } from '../../resources/gateway-api.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import { localityOfNode, nowhere, topologyLabels, type Locality } from './locality.ts'

export interface WaypointClient {
  /** Undefined: not known, so nothing is near or far. */
  readonly nodeName: string | undefined
  readonly locality: Locality
  readonly labels: Readonly<Record<string, string>>
}

const gatewayName = 'gateway.networking.k8s.io/gateway-name'

/** Without a node's name that of the Gateway's oldest Pod. */
export function waypointClient(reader: ResourceReader, gateway: Gateway, node: string | undefined): WaypointClient {
  const { namespace, name } = gateway.metadata
  const pods = reader.list('Pod', namespace).filter(({ metadata }) => metadata.labels?.[gatewayName] === name)
  const pod = pods.find(({ spec }) => node === undefined || spec?.nodeName === node) ?? pods.at(0)
  const nodeName = node ?? pod?.spec?.nodeName
  const locality = nodeName === undefined ? nowhere : (localityOfNode(reader, nodeName) ?? nowhere)
  return { nodeName, locality, labels: { ...pod?.metadata.labels, ...topologyLabels(locality, nodeName) } }
}
