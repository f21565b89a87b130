// An address as text -> the fields of envoy.config.core.v3.Address.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AddressSchema } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'

const INTERNAL = 'envoy://'

/** `10.0.0.1:80`, `[::1]:80`, or `envoy://listener/endpoint`. */
export function addressFields(text: string): MessageInitShape<typeof AddressSchema> {
  if (text.startsWith(INTERNAL)) {
    const [listener, ...endpoint] = text.slice(INTERNAL.length).split('/')
    const addressNameSpecifier = { case: 'serverListenerName', value: listener } as const
    return {
      address: {
        case: 'envoyInternalAddress',
        value: { addressNameSpecifier, endpointId: endpoint.join('/') },
      },
    }
  }
  const colon = text.lastIndexOf(':')
  const address = text.slice(0, colon).replace(/^\[|\]$/g, '')
  const portSpecifier = { case: 'portValue', value: Number(text.slice(colon + 1)) } as const
  return { address: { case: 'socketAddress', value: { address, portSpecifier } } }
}
