// Fault injection of a VirtualService -> the fault filter's configuration of a route.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { FaultDelaySchema } from '../../envoy/generated/envoy/extensions/filters/common/fault/v3/fault_pb.js'
import type {
  FaultAbortSchema,
  HTTPFaultSchema,
} from '../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js'
import type { FieldPath } from '../../resources/field-path.ts'
import type { HttpFaultInjection } from '../../resources/virtual-service.ts'
import { optionalDuration } from '../envoy-message.ts'
import type { Refuse } from '../routes/header-modifier.ts'
import { percentShare, wholePercentShare } from './share.ts'

/** The name under which routes configure the filter. */
export const faultFilterName = 'envoy.filters.http.fault'

export type FaultInit = MessageInitShape<typeof HTTPFaultSchema>

/** Without a percentage, no request is concerned. */
export function faultInjection({ delay, abort }: HttpFaultInjection, path: FieldPath, refuse: Refuse): FaultInit {
  return {
    ...(delay === undefined ? {} : { delay: faultDelay(delay, [...path, 'delay'], refuse) }),
    ...(abort === undefined ? {} : { abort: faultAbort(abort, [...path, 'abort'], refuse) }),
  }
}

function faultDelay(
  delay: NonNullable<HttpFaultInjection['delay']>,
  path: FieldPath,
  refuse: Refuse,
): MessageInitShape<typeof FaultDelaySchema> {
  const percentage = percentShare(delay.percentage) ?? wholePercentShare(delay.percent ?? 0)
  const value = optionalDuration(delay.fixedDelay)
  if (value !== undefined) return { faultDelaySecifier: { case: 'fixedDelay', value }, percentage }
  refuse(path, 'needs a fixedDelay', 'add one')
  return { percentage }
}

function faultAbort(
  abort: NonNullable<HttpFaultInjection['abort']>,
  path: FieldPath,
  refuse: Refuse,
): MessageInitShape<typeof FaultAbortSchema> {
  const percentage = percentShare(abort.percentage)
  if (abort.grpcStatus !== undefined) {
    const value = grpcStatuses.indexOf(abort.grpcStatus)
    if (value >= 0) return { errorType: { case: 'grpcStatus', value }, percentage }
    refuse([...path, 'grpcStatus'], `${JSON.stringify(abort.grpcStatus)} is no status of gRPC`, 'write a name of one')
  } else if (abort.httpStatus !== undefined) {
    return { errorType: { case: 'httpStatus', value: abort.httpStatus }, percentage }
  } else refuse(path, 'needs httpStatus or grpcStatus', 'add one')
  return { percentage }
}

/** By number (gRPC, Status codes). */
const grpcStatuses = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED ' +
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ')
