// GET /certs: the certificates in use, and how long they are good for.

import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const certs: Endpoint = {
  path: '/certs',
  help: 'print certs on machine',
  async answer(_, source) {
    const { certificatesJson } = await import('../messages/certificates.ts')
    return jsonAnswer(certificatesJson(await source.certificates(), Date.now()))
  },
}
