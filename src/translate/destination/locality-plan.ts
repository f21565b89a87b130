// How the localities of a Service's endpoints are treated: what its DestinationRule says, else the Service itself, else the mesh.

import type { TrafficPolicy } from '../../resources/destination-rule.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { LocalityPlan } from '../clusters/locality-groups.ts'
import type { MeshSettings } from '../mesh-settings.ts'
import { sameNode, sameZone } from '../model/locality.ts'
import type { ServiceModel } from '../model/service-model.ts'
import { trafficDistribution } from '../model/traffic-distribution.ts'

/** Undefined: localities do not matter. */
export function localityPlan(
  reader: ResourceReader,
  { object }: ServiceModel,
  policy: TrafficPolicy | undefined,
  settings: MeshSettings,
): LocalityPlan | undefined {
  const failsOver = policy?.outlierDetection !== undefined
  const rule = policy?.loadBalancer?.localityLbSetting
  if (rule !== undefined) return rule.enabled === false ? undefined : { setting: rule, failsOver }
  const distribution = trafficDistribution(reader, object)
  if (distribution !== undefined) {
    const failoverPriority = distribution === 'PreferSameNode' ? sameNode : sameZone
    // Endpoints that are gone are enough reason to go farther.
    return { setting: { failoverPriority }, failsOver: true }
  }
  const { localityLbSetting: setting } = settings
  return setting.enabled === false ? undefined : { setting, failsOver }
}
