// envoy.admin.v3.Listeners.

import { create } from '@bufbuild/protobuf'
import type { JsonValue } from '@bufbuild/protobuf'
import { ListenersSchema } from '../../envoy/generated/envoy/admin/v3/listeners_pb.js'
import { printMessage } from '../../envoy/print.ts'
import type { ListenerStatus } from '../admin-source.ts'
import { addressFields } from './address.ts'

export function listenersJson(statuses: readonly ListenerStatus[]): JsonValue {
  const message = create(ListenersSchema, {
    listenerStatuses: statuses.map(({ name, addresses: [first, ...others] }) => ({
      name,
      localAddress: addressFields(first),
      additionalLocalAddresses: others.map(addressFields),
    })),
  })
  return printMessage(ListenersSchema, message, { redact: true })
}
