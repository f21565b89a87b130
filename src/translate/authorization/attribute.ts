// What a policy can ask about a request or a connection, as Envoy's permission or principal.

import type { Algebra } from './combine.ts'

export interface AttributeContext {
  readonly policyNamespace: string
  /** The mesh's own and its aliases. */
  readonly trustDomains: readonly string[]
}

export interface Attribute<T> {
  /** Connections that are not HTTP have no such thing. */
  readonly httpOnly: boolean
  /** Matches if at least one of the values does; there is one. */
  readonly oneOf: (values: readonly string[], context: AttributeContext) => T
}

/** An attribute and the values that a policy wants and does not want of it. */
export interface Term<T> {
  readonly attribute: Attribute<T>
  readonly values: readonly string[]
  readonly notValues: readonly string[]
}

/** An attribute whose values are matched one by one. */
export function eachValue<T>(
  algebra: Algebra<T>,
  one: (value: string, context: AttributeContext) => T,
  httpOnly = false,
): Attribute<T> {
  return { httpOnly, oneOf: (values, context) => algebra.either(values.map((value) => one(value, context))) }
}
