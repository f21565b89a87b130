// What Cairn does with a field, or with a type in an extension point. The tables in this folder are made of these words; changing
// what Cairn supports is changing one of them.

export type Status = Implemented | NoEffect | Refused | EnumValues | ExtensionPoint | Content

export interface Implemented {
  readonly kind: 'implemented'
}

/** Taken and ignored, because it can change nothing here. `reason` says why. */
export interface NoEffect {
  readonly kind: 'no-effect'
  readonly reason: string
}

/** Refused when it is set. `reason` names what is missing. */
export interface Refused {
  readonly kind: 'refused'
  readonly reason: string
  /**
   * What --skip-unsupported leaves out: the field, or the element of a list or map around it. 'nothing': leaving it out could
   * let through what the configuration forbids, or send traffic elsewhere; what contains it must refuse its traffic.
   */
  readonly skips: 'field' | 'element' | 'nothing'
}

/** An enum field: what each value means. */
export interface EnumValues {
  readonly kind: 'values'
  /** By name. */
  readonly values: Readonly<Record<string, Implemented | Refused>>
}

/** A field that holds any type of a category: an Any, a map of Any, or a message with a field of status `content`. */
export interface ExtensionPoint {
  readonly kind: 'extension-point'
  readonly category: string
}

/** The Any inside a message that an extension point points to. */
export interface Content {
  readonly kind: 'content'
}

export const implemented: Implemented = { kind: 'implemented' }
export const content: Content = { kind: 'content' }

export function noEffect(reason: string): NoEffect {
  return { kind: 'no-effect', reason }
}

/** Never left out: see Refused.skips. */
export function refused(reason: string): Refused {
  return { kind: 'refused', reason, skips: 'nothing' }
}

/** --skip-unsupported leaves the field out. */
export function skippable(reason: string): Refused {
  return { kind: 'refused', reason, skips: 'field' }
}

/** --skip-unsupported leaves out the element of a list or map that it stands in: a filter, a logger. */
export function skippableElement(reason: string): Refused {
  return { kind: 'refused', reason, skips: 'element' }
}

/** `names` are implemented; the others are what `rest` says. */
export function values(names: string, rest: Readonly<Record<string, Refused>> = {}): EnumValues {
  const all: Record<string, Implemented | Refused> = { ...rest }
  for (const name of names.split(' ')) all[name] = implemented
  return { kind: 'values', values: all }
}

export function extensionPoint(category: string): ExtensionPoint {
  return { kind: 'extension-point', category }
}

/** Status by field name, for one message type. */
export type FieldTable = Readonly<Record<string, Status>>

/** Field tables by message type name. */
export type SupportTables = Readonly<Record<string, FieldTable>>
