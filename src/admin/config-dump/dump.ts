// What /config_dump answers: everything, one list of it, or what a mask keeps; redacted.

import type { DescField, JsonObject } from '@bufbuild/protobuf'
import { reflect } from '@bufbuild/protobuf/reflect'
import type { ReflectMessage } from '@bufbuild/protobuf/reflect'
import { TYPE_PREFIX } from '../../envoy/any.ts'
import { printMessage } from '../../envoy/print.ts'
import type { ConfigDump } from '../admin-source.ts'
import { jsonAnswer, refusal } from '../endpoint.ts'
import type { AdminAnswer } from '../endpoint.ts'
import { DUMP_SECTIONS } from './dump-sections.ts'
import type { NameFilter } from './dump-sections.ts'
import { trimToMask } from './field-mask.ts'

export function dumpAll(dump: ConfigDump, wanted: NameFilter, mask: string): AdminAnswer {
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

export function dumpResource(dump: ConfigDump, wanted: NameFilter, resource: string, mask: string): AdminAnswer {
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
