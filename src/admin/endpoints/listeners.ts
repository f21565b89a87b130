// GET /listeners: where the proxy listens, as text or as envoy.admin.v3.Listeners.

import { create } from '@bufbuild/protobuf'
import { ListenersSchema } from '../../envoy/generated/envoy/admin/v3/listeners_pb.js'
import { printMessage } from '../../envoy/print.ts'
import { addressFields } from '../address-json.ts'
import { jsonAnswer, textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const listeners: Endpoint = {
  path: '/listeners',
  help: 'print listener info',
  parameters: [{ name: 'format', help: 'File format to use', choices: ['text', 'json'] }],
  answer(query, source) {
    const statuses = source.listeners()
    if (query.get('format') !== 'json') {
      const lines = statuses.flatMap(({ name, addresses }) => addresses.map((address) => `${name}::${address}\n`))
      return textAnswer(lines.join(''))
    }
    const message = create(ListenersSchema, {
      listenerStatuses: statuses.map(({ name, addresses: [first, ...others] }) => ({
        name,
        localAddress: addressFields(first),
        additionalLocalAddresses: others.map(addressFields),
      })),
    })
    return jsonAnswer(printMessage(ListenersSchema, message, { redact: true }))
  },
}
