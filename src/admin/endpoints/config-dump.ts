// GET /config_dump: everything that runs, redacted; or one list of it; or what a mask keeps.

import type { DescField, JsonObject } from '@bufbuild/protobuf'
import { reflect } from '@bufbuild/protobuf/reflect'
import type { ReflectMessage } from '@bufbuild/protobuf/reflect'
import { TYPE_PREFIX } from '../../envoy/any.ts'
import { printMessage } from '../../envoy/print.ts'
import type { ConfigDump } from '../admin-source.ts'
import type { AdminQuery } from '../admin-query.ts'
import { DUMP_SECTIONS } from '../config-dump/dump-sections.ts'
import type { NameFilter } from '../config-dump/dump-sections.ts'
import { trimToMask } from '../config-dump/field-mask.ts'
import { jsonAnswer } from '../endpoint.ts'
import type { AdminAnswer, Endpoint } from '../endpoint.ts'
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
    const wanted = nameFilter(query)
    if (typeof wanted === 'string') {
      return refusal(400, `INVALID_ARGUMENT: Error while parsing name_regex from ${query.get('name_regex')}: ${wanted}`)
    }
    const dump = await source.configDump({ includeEndpoints: query.has('include_eds') })
    const mask = query.get('mask') ?? ''
    const resource = query.get('resource') ?? ''
    return resource === '' ? dumpAll(dump, wanted, mask) : dumpResource(dump, wanted, resource, mask)
  },
}

/** The whole name must match. */
function nameFilter(query: AdminQuery): NameFilter | string {
  const source = query.get('name_regex') ?? ''
  if (source === '') return () => true
  const regex = regexParameter(source)
  return typeof regex === 'string' ? regex : (name) => regex.matches(name)
}

function dumpAll(dump: ConfigDump, wanted: NameFilter, mask: string): AdminAnswer {
  const configs: JsonObject[] = []
  for (const { desc, build } of DUMP_SECTIONS) {
    const message = build(dump, wanted)
    if (message === undefined) continue
    const json = printMessage(desc, message, { redact: true }) as JsonObject
    // A mask is for some of the parts; the others are not shown.
    const kept = mask === '' ? json : trimToMask(desc, json, mask.split(','))
    if (kept !== undefined) configs.push({ '@type': TYPE_PREFIX + desc.typeName, ...kept })
  }
  if (configs.length === 0) return refusal(400, `FieldMask ${mask} could not be successfully applied to any configs.`)
  return jsonAnswer({ configs })
}

function dumpResource(dump: ConfigDump, wanted: NameFilter, resource: string, mask: string): AdminAnswer {
  for (const { desc, build } of DUMP_SECTIONS) {
    const field = desc.fields.find(({ name }) => name === resource)
    if (field === undefined) continue
    const message = build(dump, wanted)
    if (message === undefined) continue
    if (field.fieldKind !== 'list' || field.message === undefined) {
      return refusal(400, `${resource} is not a repeated field. Use ?mask=${resource} to get only this field`)
    }
    return dumpList(reflect(desc, message, false), field, mask)
  }
  return refusal(404, `${resource} not found in config dump`)
}

function dumpList(section: ReflectMessage, field: DescField & { fieldKind: 'list' }, mask: string): AdminAnswer {
  const paths = mask === '' ? [] : mask.split(',')
  const configs: JsonObject[] = []
  for (const item of section.get(field)) {
    const { desc, message } = item as ReflectMessage
    const json = printMessage(desc, message, { redact: true }) as JsonObject
    const kept = paths.length === 0 ? json : trimToMask(desc, json, paths)
    if (kept === undefined) {
      const printed = paths.map((path) => `paths: ${JSON.stringify(path)}\n`).join('')
      return refusal(400, `FieldMask ${printed} could not be successfully used.`)
    }
    configs.push({ '@type': TYPE_PREFIX + desc.typeName, ...kept })
  }
  return jsonAnswer(configs.length === 0 ? {} : { configs })
}

function refusal(status: number, body: string): AdminAnswer {
  return { status, contentType: 'text/plain', body }
}
