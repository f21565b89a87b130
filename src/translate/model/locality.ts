// Where something runs: region, zone and subzone, as the labels of its node say, or as Istio writes them in one text.

import type { ResourceReader } from '../../resources/resource-store.ts'

export interface Locality {
  readonly region: string
  readonly zone: string
  readonly subZone: string
}

export const nowhere: Locality = { region: '', zone: '', subZone: '' }

const regionLabel = 'topology.kubernetes.io/region'
const zoneLabel = 'topology.kubernetes.io/zone'
const subZoneLabel = 'topology.istio.io/subzone'

export const networkLabel = 'topology.istio.io/network'
export const hostnameLabel = 'kubernetes.io/hostname'

/** What prefers endpoints of the own zone, and of the own node, as failover priorities. */
export const sameZone = [networkLabel, regionLabel, zoneLabel]
export const sameNode = [...sameZone, subZoneLabel, hostnameLabel]

/** Undefined for a node that is not known. */
export function localityOfNode(reader: ResourceReader, nodeName: string): Locality | undefined {
  const labels = reader.get('Node', '', nodeName)?.metadata.labels
  if (labels === undefined) return undefined
  return { region: labels[regionLabel] ?? '', zone: labels[zoneLabel] ?? '', subZone: labels[subZoneLabel] ?? '' }
}

/** The labels that failover priorities may name besides those of the Pod. */
export function topologyLabels({ region, zone, subZone }: Locality, nodeName?: string): Record<string, string> {
  return {
    ...(region === '' ? {} : { [regionLabel]: region }),
    ...(zone === '' ? {} : { [zoneLabel]: zone }),
    ...(subZone === '' ? {} : { [subZoneLabel]: subZone }),
    ...(nodeName === undefined ? {} : { [hostnameLabel]: nodeName }),
  }
}

/** `region/zone/subzone`. */
export function parseLocality(text: string): Locality {
  const [region = '', zone = '', subZone = ''] = text.split('/')
  return { region, zone, subZone }
}

export function localityText({ region, zone, subZone }: Locality): string {
  return `${region}/${zone}/${subZone}`
}

/** `r1/*` means any zone of r1; what is not written means any too. */
export function matchesLocality(locality: Locality, pattern: string): boolean {
  const { region, zone, subZone } = parseLocality(pattern)
  const fits = (wanted: string, actual: string) => wanted === '*' || wanted === actual
  return (
    fits(region, locality.region) &&
    (zone === '' || fits(zone, locality.zone)) &&
    (subZone === '' || fits(subZone, locality.subZone))
  )
}
