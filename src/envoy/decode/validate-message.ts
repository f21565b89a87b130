// Judges a typed message by the rules that Envoy's API carries (validate.rules), as Envoy does at load: required, ranges, lengths,
// patterns, defined enum values. Goes into every Any whose type is known. Pure; collects every violation.
import {
  getOption,
  hasOption,
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
} from '@bufbuild/protobuf'
import { FeatureSet_FieldPresence, type Any, type Duration } from '@bufbuild/protobuf/wkt'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { unpackAny } from '../any.ts'
import { fieldPath, itemPath, keyPath } from '../config-error.ts'
import { disabled, ignored, required, rules } from '../generated/validate/validate_pb.js'
import { compileCheck, repeatedCheck, type Check } from './field-rules.ts'
import type { Refusal } from './scalar-values.ts'
import { MAX_DEPTH } from './source-tree.ts'
import { wrapperTypes } from './well-known-values.ts'

export interface Violation extends Refusal {
  readonly path: string
}

/** All violations in `message` and below; `path` is its own name, and prefixes theirs. */
export function validateMessage(desc: DescMessage, message: Message, path = ''): Violation[] {
  const violations: Violation[] = []
  visit(reflect(desc, message, false), path, violations, 0)
  return violations
}

/** What there is to check in one message type, compiled once. */
interface MessagePlan {
  readonly oneofs: DescOneof[]
  readonly fields: FieldPlan[]
}

interface FieldPlan {
  readonly field: DescField
  readonly required: boolean
  /** Rules apply to the default value too: no presence, no choice of a oneof. */
  readonly always: boolean
  /** On the value of a singular field; on the list or map as a whole. */
  readonly check: Check | undefined
  readonly itemCheck: Check | undefined
  readonly keyCheck: Check | undefined
  readonly descend: boolean
}

const plans = new WeakMap<DescMessage, MessagePlan>()

function planOf(desc: DescMessage): MessagePlan {
  let plan = plans.get(desc)
  if (plan === undefined) {
    const skipped = (hasOption(desc, disabled) && getOption(desc, disabled)) || hasOption(desc, ignored)
    plan = skipped
      ? { oneofs: [], fields: [] }
      : {
          oneofs: desc.oneofs.filter((oneof) => hasOption(oneof, required) && getOption(oneof, required)),
          fields: desc.fields
            .map(planField)
            .filter((f) => f.required || f.check || f.itemCheck || f.keyCheck || f.descend),
        }
    plans.set(desc, plan)
  }
  return plan
}

function planField(field: DescField): FieldPlan {
  const given = hasOption(field, rules) ? getOption(field, rules) : undefined
  const type = given?.type
  const isAny = type?.case === 'any' && type.value.required
  const isTime = (type?.case === 'duration' || type?.case === 'timestamp') && type.value.required
  const list = type?.case === 'repeated' ? type.value : undefined
  const map = type?.case === 'map' ? type.value : undefined
  const skip = given?.message?.skip === true
  return {
    field,
    // A choice that was not made is not missing: the oneof's own rule says whether one must be.
    required: field.oneof === undefined && (given?.message?.required === true || isAny || isTime),
    always: field.presence === FeatureSet_FieldPresence.IMPLICIT && field.oneof === undefined,
    check: list !== undefined || map !== undefined ? repeatedCheck(given!) : compileCheck(given, field),
    itemCheck: compileCheck(list?.items ?? map?.values, field),
    keyCheck: compileCheck(map?.keys, undefined),
    descend: field.message !== undefined && !wrapperTypes.has(field.message.typeName) && !skip,
  }
}

function visit(target: ReflectMessage, path: string, out: Violation[], depth: number): void {
  if (depth > MAX_DEPTH) return
  if (target.desc.typeName === 'google.protobuf.Any') {
    visitAny(target.message as Any, path, out, depth)
    return
  }
  if (target.desc.typeName === 'google.protobuf.Duration') {
    visitDuration(target.message as Duration, path, out)
    return
  }
  if (target.desc.typeName.startsWith('google.protobuf.')) return
  const plan = planOf(target.desc)
  for (const oneof of plan.oneofs) {
    if (target.oneofCase(oneof) !== undefined) continue
    const names = oneof.fields.map((field) => field.name).join(', ')
    out.push({ path: fieldPath(path, oneof.name), message: 'value is required', remedy: `set one of ${names}` })
  }
  for (const entry of plan.fields) visitField(target, entry, fieldPath(path, entry.field.name), out, depth)
}

function visitField(target: ReflectMessage, plan: FieldPlan, path: string, out: Violation[], depth: number): void {
  const { field } = plan
  switch (field.fieldKind) {
    case 'list': {
      const list = target.get(field)
      report(plan.check, list, path, out)
      for (let i = 0; i < list.size; i++) visitItem(list.get(i), plan, itemPath(path, i), out, depth)
      return
    }
    case 'map': {
      const map = target.get(field)
      report(plan.check, map, path, out)
      for (const [key, value] of map.entries()) {
        const at = keyPath(path, String(key))
        report(plan.keyCheck, key, at, out)
        visitItem(value, plan, at, out, depth)
      }
      return
    }
    default: {
      const isSet = target.isSet(field)
      if (!isSet && plan.required) {
        out.push({ path, message: 'value is required', remedy: `set ${field.name}` })
        return
      }
      if (!isSet && !plan.always) return
      const value = target.get(field)
      report(plan.check, value, path, out)
      if (plan.descend && isSet) visit(value as ReflectMessage, path, out, depth + 1)
    }
  }
}

function visitItem(value: unknown, plan: FieldPlan, path: string, out: Violation[], depth: number): void {
  report(plan.itemCheck, value, path, out)
  if (plan.descend) visit(value as ReflectMessage, path, out, depth + 1)
}

/** Envoy has no use for a negative duration anywhere, and refuses each where it reads it. */
function visitDuration(duration: Duration, path: string, out: Violation[]): void {
  if (duration.seconds >= 0n && duration.nanos >= 0) return
  const already = out.some((violation) => violation.path === path)
  if (!already) out.push({ path, message: 'the duration is negative', remedy: 'write one of at least 0s' })
}

function visitAny(any: Any, path: string, out: Violation[], depth: number): void {
  if (any.typeUrl === '') return
  try {
    const { desc, message } = unpackAny(any)
    if (desc !== undefined && message !== undefined) visit(reflect(desc, message, false), path, out, depth + 1)
  } catch {
    out.push({ path, message: `bytes that are not a ${any.typeUrl}`, remedy: 'send the message that the type names' })
  }
}

function report(check: Check | undefined, value: unknown, path: string, out: Violation[]): void {
  const refusal = check?.(value)
  if (refusal !== undefined) out.push({ path, message: refusal.message, remedy: refusal.remedy })
}
