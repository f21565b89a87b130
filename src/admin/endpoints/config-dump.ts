// GET /config_dump: everything that runs, redacted; or one list of it; or what a mask keeps.

import type { AdminQuery } from '../admin-query.ts'
import type { NameFilter } from '../config-dump/dump-sections.ts'
import { refusal } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { regexParameter } from '../regex-parameter.ts'

export const configDump: Endpoint = {
  path: '/config_dump',
  help: 'dump current Envoy configs',
  parameters: [
    { name: 'resource', help: 'The resource to dump' },
    {
      name: 'mask',
      help: 'The mask to apply. When both resource and mask are specified, the mask is applied to every element in the desired repeated field so that only a subset of fields are returned. The mask is parsed as a Protobuf::FieldMask',
    },
    {
      name: 'name_regex',
      help: 'Dump only the currently loaded configurations whose names match the specified regex. Can be used with both resource and mask query parameters.',
    },
    {
      name: 'include_eds',
      help: 'Dump currently loaded configuration including EDS. See the response definition for more information',
      isFlag: true,
    },
  ],
  async answer(query, source) {
    const wanted = await nameFilter(query)
    if (typeof wanted === 'string') {
      return refusal(400, `INVALID_ARGUMENT: Error while parsing name_regex from ${query.get('name_regex')}: ${wanted}`)
    }
    const dump = await source.configDump({ includeEndpoints: query.has('include_eds') })
    const { dumpAll, dumpResource } = await import('../config-dump/dump.ts')
    const mask = query.get('mask') ?? ''
    const resource = query.get('resource') ?? ''
    return resource === '' ? dumpAll(dump, wanted, mask) : dumpResource(dump, wanted, resource, mask)
  },
}

/** The whole name must match. */
async function nameFilter(query: AdminQuery): Promise<NameFilter | string> {
  const regex = await regexParameter(query.get('name_regex') ?? '')
  return typeof regex === 'string' ? regex : (name) => regex?.matches(name) ?? true
}
