// The annotation with which a policy is only watched: what it would do is counted and logged, and nothing is denied.

import type { AuthorizationPolicy } from '../../resources/istio-security.ts'

export const DRY_RUN_ANNOTATION = 'istio.io/dry-run'

/** As Go reads booleans. */
const yes = ['1', 't', 'T', 'true', 'TRUE', 'True']
const no = ['0', 'f', 'F', 'false', 'FALSE', 'False']

/** What stands for an unreadable policy is enforced, as is one whose annotation cannot be read. */
export function isDryRun({ metadata }: AuthorizationPolicy): boolean {
  return yes.includes(metadata.annotations?.[DRY_RUN_ANNOTATION] ?? '')
}

export function hasReadableDryRun({ metadata }: AuthorizationPolicy): boolean {
  const value = metadata.annotations?.[DRY_RUN_ANNOTATION]
  return value === undefined || [...yes, ...no].includes(value)
}
