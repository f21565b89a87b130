// The RBAC filters of one chain, from the policies that are attached to it: what an external authorizer would have to
// confirm, then AUDIT, DENY and ALLOW. Policies of one action are one filter, wherever they are attached.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { FilterSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js'
import type { RBAC } from '../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'
import { RBACSchema as HttpRbacSchema } from '../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js'
import type { HttpFilterSchema } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { RBACSchema as NetworkRbacSchema } from '../../envoy/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js'
import type { AuthorizationAction, AuthorizationPolicy } from '../../resources/istio-security.ts'
import { any } from '../envoy-message.ts'
import { meshTrustDomains, type MeshSettings } from '../mesh-settings.ts'
import { isDryRun } from './dry-run.ts'
import { rbacRules, type ChainLayer } from './rbac-rules.ts'

export interface HttpAuthorization {
  /** Before tokens are verified. */
  readonly custom: MessageInitShape<typeof HttpFilterSchema>[]
  /** After that. */
  readonly local: MessageInitShape<typeof HttpFilterSchema>[]
}

/** The order in which they are asked. */
const localActions: readonly AuthorizationAction[] = ['AUDIT', 'DENY', 'ALLOW']

export function httpAuthorization(policies: readonly AuthorizationPolicy[], mesh: MeshSettings): HttpAuthorization {
  const filters = (actions: readonly AuthorizationAction[]) =>
    filterParts(policies, actions, 'http', mesh).map((parts) => ({
      name: 'envoy.filters.http.rbac',
      configType: { case: 'typedConfig' as const, value: any(HttpRbacSchema, parts) },
    }))
  return { custom: filters(['CUSTOM']), local: filters(localActions) }
}

export function tcpAuthorization(
  policies: readonly AuthorizationPolicy[],
  mesh: MeshSettings,
): MessageInitShape<typeof FilterSchema>[] {
  return filterParts(policies, ['CUSTOM', ...localActions], 'tcp', mesh).map((parts) => ({
    name: 'envoy.filters.network.rbac',
    configType: { case: 'typedConfig', value: any(NetworkRbacSchema, { ...parts, statPrefix: 'tcp.' }) },
  }))
}

/** What both filters have in common. */
interface FilterParts {
  readonly rules?: RBAC
  readonly shadowRules?: RBAC
  readonly shadowRulesStatPrefix: string
}

function filterParts(
  policies: readonly AuthorizationPolicy[],
  actions: readonly AuthorizationAction[],
  layer: ChainLayer,
  mesh: MeshSettings,
): FilterParts[] {
  return actions.flatMap((action) => {
    const ofAction = policies.filter((policy) => (policy.spec.action ?? 'ALLOW') === action)
    if (ofAction.length === 0) return []
    const rules = (dryRun: boolean) => {
      const chosen = ofAction.filter((policy) => isDryRun(policy) === dryRun)
      return chosen.length === 0 ? undefined : rbacRules(action, chosen, layer, meshTrustDomains(mesh))
    }
    const [enforced, shadow] = [rules(false), rules(true)]
    return {
      ...(enforced === undefined ? {} : { rules: enforced }),
      ...(shadow === undefined ? {} : { shadowRules: shadow }),
      shadowRulesStatPrefix: shadow === undefined ? shadowPrefixes.ALLOW : shadowPrefixes[action],
    }
  })
}

/** Istio's names: what dry runs found stands under them in metadata, in statistics and in spans. */
const shadowPrefixes: Readonly<Record<AuthorizationAction, string>> = {
  ALLOW: 'istio_dry_run_allow_',
  DENY: 'istio_dry_run_deny_',
  AUDIT: '',
  CUSTOM: 'istio_dry_run_deny_',
}
