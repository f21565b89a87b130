// envoy.filters.network.rbac: lets a new connection in or closes it.

import { RBACSchema } from '../../envoy/generated/envoy/extensions/filters/network/rbac/v3/rbac_pb.js'
import { compileEngines, decide } from '../policy/rbac/engines.ts'
import type { NetworkFilterFactory } from './network-filter.ts'

export const networkRbac: NetworkFilterFactory<typeof RBACSchema> = {
  name: 'envoy.filters.network.rbac',
  config: RBACSchema,
  compile(message, deps, problems) {
    const names = { store: deps.stats, prefix: `${message.statPrefix}rbac.`, rulesPrefix: '' }
    const engines = compileEngines(message, 'network', names, problems)
    return {
      kind: 'gate',
      admit(connection, info) {
        const verdict = decide(engines, info)
        if (verdict === undefined || verdict.allowed) return true
        connection.facts.terminationDetails = verdict.details
        return false
      },
    }
  },
}
