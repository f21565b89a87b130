// Header operations of a VirtualService -> Envoy's header options, in Istio's order: set, add, remove.

import { HeaderValueOption_HeaderAppendAction as Append } from '../../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { HeaderOperations } from '../../resources/virtual-service.ts'
import { headerOption } from '../routes/header-modifier.ts'
import type { HeaderChanges, HeaderOption } from '../routes/route-draft.ts'

/** Headers other than the Host, which is a rewrite: see `hostOf`. */
export function addHeaderChanges(operations: HeaderOperations | undefined, changes: HeaderChanges): void {
  const { request, response } = operations ?? {}
  addOptions(request?.set, Append.OVERWRITE_IF_EXISTS_OR_ADD, changes.requestHeadersToAdd)
  addOptions(request?.add, Append.APPEND_IF_EXISTS_OR_ADD, changes.requestHeadersToAdd)
  changes.requestHeadersToRemove.push(...(request?.remove ?? []).filter((name) => !isHost(name)))
  addOptions(response?.set, Append.OVERWRITE_IF_EXISTS_OR_ADD, changes.responseHeadersToAdd)
  addOptions(response?.add, Append.APPEND_IF_EXISTS_OR_ADD, changes.responseHeadersToAdd)
  changes.responseHeadersToRemove.push(...(response?.remove ?? []))
}

/** The Host that the operations set, if they do. */
export function hostOf(operations: HeaderOperations | undefined): string | undefined {
  const entry = Object.entries(operations?.request?.set ?? {}).find(([name]) => isHost(name))
  return entry?.[1]
}

function addOptions(values: Readonly<Record<string, string>> = {}, action: Append, to: HeaderOption[]): void {
  for (const [name, value] of Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isHost(name)) to.push(headerOption(name, value, action))
  }
}

function isHost(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === 'host' || lower === ':authority'
}
