// GET /runtime and POST /runtime_modify: runtime keys, and overrides of them.

import type { JsonObject } from '@bufbuild/protobuf'
import { jsonAnswer, OK, textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const runtime: Endpoint = {
  path: '/runtime',
  help: 'print runtime values',
  answer(_, source) {
    const entries: JsonObject = {}
    for (const [key, { finalValue, layerValues }] of source.runtime.entries()) {
      entries[key] = { final_value: finalValue, layer_values: [...layerValues] }
    }
    return jsonAnswer({ layers: [...source.runtime.layers], entries })
  },
}

const USAGE = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`

export const runtimeModify: Endpoint = {
  path: '/runtime_modify',
  help: 'Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an empty string as the value. Note that deletion only applies to overrides added via this endpoint; values loaded from disk can be modified via override but not deleted. E.g. ?key1=value1&key2=value2...',
  changesServer: true,
  answer(query, source) {
    if (query.isEmpty) return textAnswer(USAGE, 400)
    return source.runtime.modify(query.entries) ? OK : textAnswer('No admin layer specified', 503)
  },
}
