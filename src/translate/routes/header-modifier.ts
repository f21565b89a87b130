// RequestHeaderModifier and ResponseHeaderModifier -> Envoy's header options, in Istio's order: set, add, remove.

import { HeaderValueOption_HeaderAppendAction as Append } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type { HttpHeaderFilter } from '../../resources/gateway-api.ts'
import type { HeaderOption } from './route-draft.ts'

export interface HeaderTarget {
  readonly toAdd: HeaderOption[]
  readonly toRemove: string[]
  /** Called with a new Host; undefined where Host cannot be changed. */
  readonly rewriteHost: ((host: string) => void) | undefined
}

/** A part of a filter that cannot be carried out. */
export type Refuse = (path: FieldPath, message: string, remedy?: string) => void

export function applyHeaderFilter(
  filter: HttpHeaderFilter,
  target: HeaderTarget,
  path: FieldPath,
  refuse: Refuse,
): void {
  for (const [index, { name, value }] of (filter.set ?? []).entries()) {
    if (!isHost(name)) target.toAdd.push(headerOption(name, value, Append.OVERWRITE_IF_EXISTS_OR_ADD))
    else if (target.rewriteHost !== undefined) target.rewriteHost(value)
    else refuse([...path, 'set', index], 'Host cannot be changed here', 'use URLRewrite on the rule')
  }
  for (const [index, { name, value }] of (filter.add ?? []).entries()) {
    if (isHost(name)) refuse([...path, 'add', index], 'a request has one Host', 'use URLRewrite, or set')
    else target.toAdd.push(headerOption(name, value, Append.APPEND_IF_EXISTS_OR_ADD))
  }
  for (const [index, name] of (filter.remove ?? []).entries()) {
    if (isHost(name)) refuse([...path, 'remove', index], 'Host cannot be removed', 'remove this entry')
    else target.toRemove.push(name)
  }
}

export function headerOption(name: string, value: string, appendAction: Append): HeaderOption {
  return { header: { key: name.toLowerCase(), value: escapePercent(value) }, appendAction }
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host'
}

/**
 * Envoy expands `%COMMAND%` in header values, and users of Istio rely on it; a percent sign that begins no command would
 * make Envoy refuse the route, so it is escaped.
 */
function escapePercent(value: string): string {
  return value.replace(/%[A-Z0-9_]+(?:\([^)]*\))?(?::\d+)?%|%%|%/g, (found) => (found === '%' ? '%%' : found))
}
