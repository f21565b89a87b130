// RequestMirror of an HTTPRoute -> Envoy's mirror policy (GEP-3171: a percentage or a fraction of the requests).

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteAction_RequestMirrorPolicySchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercentSchema,
} from '../../envoy/generated/envoy/type/v3/percent_pb.js'
import type { HttpRequestMirror } from '../../resources/gateway-api.ts'

export type MirrorPolicyInit = MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema>

export function requestMirror(filter: HttpRequestMirror, cluster: string): MirrorPolicyInit {
  return mirrorPolicy(cluster, shareOf(filter))
}

/** As Istio has them: the host stays as it is, and copies are not traced. */
export function mirrorPolicy(
  cluster: string,
  defaultValue: MessageInitShape<typeof FractionalPercentSchema>,
): MirrorPolicyInit {
  return { cluster, runtimeFraction: { defaultValue }, traceSampled: false, disableShadowHostSuffixAppend: true }
}

function shareOf({ percent, fraction }: HttpRequestMirror): MessageInitShape<typeof FractionalPercentSchema> {
  if (percent !== undefined) return ofAMillion(percent / 100)
  if (fraction !== undefined) return ofAMillion(fraction.numerator / (fraction.denominator ?? 100))
  return { numerator: 100 }
}

function ofAMillion(share: number): MessageInitShape<typeof FractionalPercentSchema> {
  return { numerator: Math.floor(share * 1_000_000), denominator: Denominator.MILLION }
}
