// Holds a message against the support tables: finds every field, enum value and extension type that Cairn does not execute, or leaves
// out what may be left out and closes what must not stay open. The only reader of the tables.
import { clone, toBinary, type DescField, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import type { Any } from '@bufbuild/protobuf/wkt'
import { TYPE_PREFIX, typeNameOf, unpackAny, type Unpacked } from '../any.ts'
import { fieldPath, itemPath, keyPath } from '../config-error.ts'
import type { FilterChain } from '../generated/envoy/config/listener/v3/listener_components_pb.js'
import type { HttpFilter } from '../generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { denyConnections, denyRequests } from './deny-all.ts'
import { extensionPoints } from './extension-points.ts'
import { refused, type Refused, type Status } from './status.ts'
import { fieldTables } from './tables.ts'

export interface SupportError {
  readonly path: string
  /** The message type that the refused field belongs to; or the refused type itself. */
  readonly typeName: string
  /** Empty for a refused type. */
  readonly field: string
  /** What is not supported, as a noun: "tracing". */
  readonly reason: string
  /**
   * It cannot be left out without letting through what the configuration forbids, or sending traffic elsewhere. What
   * withoutUnsupported returns then refuses the traffic instead.
   */
  readonly security: boolean
}

/** Everything in `message` that Cairn does not execute. `path` is the name of the message, and prefixes the paths. */
export function checkSupport(desc: DescMessage, message: Message, path = ''): SupportError[] {
  const sweep = new Sweep(false)
  sweep.message(reflect(desc, message, false), path, '')
  return sweep.errors
}

export interface Remainder<T> {
  /**
   * A copy that Cairn can execute. Undefined when the whole must be refused: a cluster that would be dialled without its TLS, a
   * listener that would match otherwise.
   */
  readonly message: T | undefined
  /** What was left out (`security: false`), and what is refused instead of being left out (`security: true`). */
  readonly left: SupportError[]
}

/**
 * `message` without what Cairn does not execute. Fails closed: in the place of an HTTP filter that must not be left out stands
 * one that answers 403, and a filter chain with anything else of that kind closes every connection.
 */
export function withoutUnsupported<T extends DescMessage>(
  desc: T,
  message: MessageShape<T>,
  path = '',
): Remainder<MessageShape<T>> {
  const sweep = new Sweep(true)
  const copy = clone(desc, message)
  const outcome = sweep.message(reflect(desc, copy, false), path, '')
  return { message: outcome === KEEP ? copy : undefined, left: sweep.errors }
}

// What is to become of the nearest thing around it that can be left out, or can refuse.
const KEEP = 0
const LEAVE = 1
const DENY = 2
type Outcome = typeof KEEP | typeof LEAVE | typeof DENY

function worse(a: Outcome, b: Outcome): Outcome {
  return a > b ? a : b
}

const HTTP_FILTER_LISTS = new Set([
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.http_filters',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.UpgradeConfig.filters',
])
/** Without one of them, the others would mean something else. */
const WHOLE_LISTS = new Set(['envoy.config.accesslog.v3.AndFilter', 'envoy.config.accesslog.v3.OrFilter'])
const RESOURCE_LISTS = 'envoy.config.bootstrap.v3.Bootstrap.StaticResources'
const FILTER_CHAIN = 'envoy.config.listener.v3.FilterChain'

/** Their configuration is optional. */
const MAY_BE_EMPTY = new Set([
  'envoy.config.route.v3.FilterConfig',
  'envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension',
])

const notInTable = refused('a field that Cairn does not know')

class Sweep {
  readonly errors: SupportError[] = []
  private readonly edit: boolean

  constructor(edit: boolean) {
    this.edit = edit
  }

  /** `category` is that of the extension point that the message stands in, if any. */
  message(target: ReflectMessage, path: string, category: string): Outcome {
    const { desc } = target
    let outcome = worse(this.unknownFields(target, path), this.emptyExtension(target, path, category))
    if (desc.typeName.startsWith('google.protobuf.')) return outcome
    const table = fieldTables.get(desc.typeName)
    if (table === undefined) return this.report(refused('a message that Cairn does not know'), desc.typeName, '', path)
    for (const field of desc.fields) {
      if (!target.isSet(field)) continue
      const found = this.field(target, field, table[field.name] ?? notInTable, fieldPath(path, field.name), category)
      outcome = worse(outcome, this.closeChain(target, field, found))
    }
    return outcome
  }

  private unknownFields(target: ReflectMessage, path: string): Outcome {
    const unknown = target.getUnknown()
    if (unknown === undefined || unknown.length === 0) return KEEP
    const numbers = [...new Set(unknown.map((field) => field.no))].join(', ')
    return this.report(refused(`the unknown field ${numbers}`), target.desc.typeName, numbers, path)
  }

  /** An extension is chosen by the type of its configuration; a name alone chooses nothing, in Envoy neither. */
  private emptyExtension(target: ReflectMessage, path: string, category: string): Outcome {
    const { desc } = target
    const table = category === '' ? undefined : fieldTables.get(desc.typeName)
    if (table === undefined || MAY_BE_EMPTY.has(desc.typeName)) return KEEP
    const holder = desc.fields.find((field) => table[field.name]?.kind === 'content')
    if (
      holder === undefined ||
      target.isSet(holder) ||
      desc.fields.some((f) => f.oneof === holder.oneof && target.isSet(f))
    )
      return KEEP
    return this.report(refused(`an extension without ${holder.name}`), desc.typeName, holder.name, path)
  }

  private field(target: ReflectMessage, field: DescField, status: Status, path: string, category: string): Outcome {
    switch (status.kind) {
      case 'no-effect':
        return KEEP
      case 'refused': {
        const outcome = this.report(status, field.parent.typeName, field.name, path)
        if (status.skips === 'field' && this.edit) target.clear(field)
        return outcome
      }
      case 'values':
        return this.enumField(target, field, status.values, path)
      case 'content':
        return this.any((target.get(field) as ReflectMessage).message as Any, path, category)
      case 'extension-point':
        return this.nested(target, field, path, status.category)
      case 'implemented':
        return field.message === undefined ? KEEP : this.nested(target, field, path, '')
    }
  }

  private enumField(
    target: ReflectMessage,
    field: DescField,
    statuses: Readonly<Record<string, Status>>,
    path: string,
  ): Outcome {
    if (field.enum === undefined || field.fieldKind === 'map') return KEEP
    const value = target.get(field)
    const numbers = field.fieldKind === 'list' ? [...(value as Iterable<number>)] : [value as number]
    let outcome: Outcome = KEEP
    for (const number of numbers) {
      const name = field.enum.value[number]?.name ?? String(number)
      const status = statuses[name] ?? notInTable
      if (status.kind !== 'refused') continue
      outcome = worse(outcome, this.report(status, field.parent.typeName, field.name, path))
      if (status.skips === 'field' && this.edit) target.clear(field)
    }
    return outcome
  }

  /** Messages in a field of any kind. What is to be left out is left out here. */
  private nested(target: ReflectMessage, field: DescField, path: string, category: string): Outcome {
    switch (field.fieldKind) {
      case 'list':
        return this.list(target, field, path, category)
      case 'map':
        return this.map(target, field, path, category)
      default: {
        const outcome = this.value(target.get(field) as ReflectMessage, path, category)
        if (outcome !== LEAVE || category === '') return outcome
        if (this.edit) target.clear(field)
        return KEEP
      }
    }
  }

  private list(
    target: ReflectMessage,
    field: DescField & { fieldKind: 'list' },
    path: string,
    category: string,
  ): Outcome {
    const list = target.get(field)
    const kept: unknown[] = []
    let outcome: Outcome = KEEP
    for (let i = 0; i < list.size; i++) {
      const item = list.get(i) as ReflectMessage
      const found = this.value(item, itemPath(path, i), category)
      if (found === LEAVE && WHOLE_LISTS.has(field.parent.typeName)) return LEAVE
      if (found === LEAVE) continue
      if (found === DENY && this.edit) {
        if (field.parent.typeName === RESOURCE_LISTS) continue
        if (HTTP_FILTER_LISTS.has(`${field.parent.typeName}.${field.name}`)) denyRequests(item.message as HttpFilter)
        else outcome = DENY
      }
      kept.push(item)
    }
    if (this.edit && kept.length < list.size) {
      list.clear()
      for (const item of kept) list.add(item)
    }
    return outcome
  }

  private map(
    target: ReflectMessage,
    field: DescField & { fieldKind: 'map' },
    path: string,
    category: string,
  ): Outcome {
    const map = target.get(field)
    let outcome: Outcome = KEEP
    for (const [key, value] of [...map.entries()]) {
      const found = this.value(value as ReflectMessage, keyPath(path, String(key)), category)
      if (found === LEAVE && this.edit) map.delete(key)
      else outcome = worse(outcome, found)
    }
    return outcome
  }

  private value(value: ReflectMessage, path: string, category: string): Outcome {
    const isAny = value.desc.typeName === 'google.protobuf.Any'
    return isAny ? this.any(value.message as Any, path, category) : this.message(value, path, category)
  }

  private any(any: Any, path: string, category: string): Outcome {
    if (any.typeUrl === '') return this.report(refused('an extension without "@type"'), '', '@type', path)
    const unpacked = this.unpack(any, path)
    if (unpacked === undefined) return DENY
    const { typeName, desc, message } = unpacked
    const status = extensionPoints[category]?.[typeName] ?? refused(`${typeName} here`)
    if (status.kind === 'refused') return this.report(status, typeName, '', path)
    if (desc === undefined || message === undefined) return KEEP
    if (status.kind === 'no-effect' && !fieldTables.has(typeName)) return KEEP
    const before = this.errors.length
    const outcome = this.message(reflect(desc, message, false), path, category)
    if (this.edit && this.errors.length > before) {
      any.typeUrl = TYPE_PREFIX + typeName
      any.value = toBinary(desc, message)
    }
    return outcome
  }

  private unpack(any: Any, path: string): Unpacked | undefined {
    try {
      return unpackAny(any)
    } catch {
      const typeName = typeNameOf(any.typeUrl)
      this.report(refused('bytes that are not a message of this type'), typeName, '', path)
      return undefined
    }
  }

  /** A chain that must refuse its traffic does so itself, unless it cannot even say which traffic that is. */
  private closeChain(target: ReflectMessage, field: DescField, outcome: Outcome): Outcome {
    if (outcome !== DENY || !this.edit || target.desc.typeName !== FILTER_CHAIN) return outcome
    if (field.name === 'filter_chain_match') return DENY
    denyConnections(target.message as FilterChain)
    return KEEP
  }

  private report(status: Refused, typeName: string, field: string, path: string): Outcome {
    this.errors.push({ path, typeName, field, reason: status.reason, security: status.skips === 'nothing' })
    if (status.skips === 'nothing') return DENY
    // In an extension point the type is left out with what holds it; a field was cleared by the caller.
    return status.skips === 'element' || field === '' ? LEAVE : KEEP
  }
}

/** `filters[0].typed_config: JWT authentication is not supported`. */
export function formatSupportError(error: SupportError): string {
  return `${error.path === '' ? '' : `${error.path}: `}${error.reason} is not supported`
}
