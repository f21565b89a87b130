// When a host that fails is left alone for a while: a DestinationRule's outlier detection.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { OutlierDetectionSchema } from '../../envoy/generated/envoy/config/cluster/v3/outlier_detection_pb.js'
import type { OutlierDetectionSettings } from '../../resources/destination-rule.ts'
import { optionalDuration } from '../envoy-message.ts'

/** The rates of success do not count: Istio has no settings for them. */
export function outlierDetection(settings: OutlierDetectionSettings): MessageInitShape<typeof OutlierDetectionSchema> {
  const { consecutive5xxErrors, consecutiveGatewayErrors, maxEjectionPercent } = settings
  return {
    enforcingSuccessRate: 0,
    ...(consecutive5xxErrors !== undefined && {
      consecutive5xx: consecutive5xxErrors,
      enforcingConsecutive5xx: enforced(consecutive5xxErrors),
    }),
    ...(consecutiveGatewayErrors !== undefined && {
      consecutiveGatewayFailure: consecutiveGatewayErrors,
      enforcingConsecutiveGatewayFailure: enforced(consecutiveGatewayErrors),
    }),
    interval: optionalDuration(settings.interval),
    baseEjectionTime: optionalDuration(settings.baseEjectionTime),
    ...(maxEjectionPercent && { maxEjectionPercent }),
    ...(settings.splitExternalLocalOriginErrors === true && localOrigin(settings.consecutiveLocalOriginFailures ?? 0)),
  }
}

function localOrigin(failures: number): MessageInitShape<typeof OutlierDetectionSchema> {
  return {
    splitExternalLocalOriginErrors: true,
    enforcingLocalOriginSuccessRate: 0,
    ...(failures > 0 && {
      consecutiveLocalOriginFailure: failures,
      enforcingConsecutiveLocalOriginFailure: enforced(failures),
    }),
  }
}

/** 0 errors switch a rule off. */
function enforced(errors: number): number {
  return errors > 0 ? 100 : 0
}
