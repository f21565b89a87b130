// Percentages of Istio's kinds as Envoy's fractions.

import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercentSchema,
} from '../../envoy/generated/envoy/type/v3/percent_pb.js'
import type { Percent } from '../../resources/virtual-service.ts'

export type Share = MessageInitShape<typeof FractionalPercentSchema>

export function percentShare(percent: Percent | undefined): Share | undefined {
  if (percent === undefined) return undefined
  return { numerator: Math.floor((percent.value ?? 0) * 10_000), denominator: Denominator.MILLION }
}

export function wholePercentShare(percent: number): Share {
  return { numerator: percent }
}
