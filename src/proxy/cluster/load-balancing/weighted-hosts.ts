// Hosts as consistent hashing sees them: the key by which each is known and its share of all weight.

import { toWireText } from '../../../lib/wire-text.ts'
import { metadataAt } from '../../stream/metadata.ts'
import type { Host } from '../host.ts'
import { localitiesOf } from './host-set.ts'

export interface WeightedHost {
  readonly host: Host
  /** One character per octet. */
  readonly key: string
  /** The shares of all hosts of a table add up to 1, or to less where a locality has no usable host. */
  readonly share: number
}

export function weighHosts(hosts: readonly Host[], usesHostname: boolean, shareOfAll = 1): readonly WeightedHost[] {
  const total = hosts.reduce((sum, host) => sum + host.description.weight, 0)
  return hosts.map((host) => ({
    host,
    key: hashKey(host, usesHostname),
    share: (host.description.weight * shareOfAll) / total,
  }))
}

/** Each locality has a share by its weight, whatever the health of its hosts, as in Envoy. */
export function weighLocalities(
  all: readonly Host[],
  usable: readonly Host[],
  usesHostname: boolean,
): readonly WeightedHost[] {
  const localities = localitiesOf(all, usable).filter(({ weight }) => weight > 0)
  const total = localities.reduce((sum, { weight }) => sum + weight, 0)
  return localities.flatMap((locality) => weighHosts(locality.usable, usesHostname, locality.weight / total))
}

/** `envoy.lb` metadata may name a key of the host's own, which it keeps when its address changes. */
function hashKey({ description }: Host, usesHostname: boolean): string {
  const own = metadataAt(description.metadata.get('envoy.lb'), ['hash_key'])
  if (typeof own === 'string' && own !== '') return toWireText(own)
  return toWireText(usesHostname ? description.hostname : description.address.text)
}
