// envoy.extensions.filters.http.fault.v3.HTTPFault as plain values: which requests get a fault, and what it is.

import type { HeaderMap } from '../../../codec/header-map.ts'
import type { FaultDelay } from '../../../envoy/generated/envoy/extensions/filters/common/fault/v3/fault_pb.js'
import type { FaultAbort, HTTPFault } from '../../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js'
import type { FractionalPercent } from '../../../envoy/generated/envoy/type/v3/percent_pb.js'
import type { Problems } from '../../../lib/problems.ts'
import type { Random } from '../../../lib/random.ts'
import { compileHeaderMatchers, parseInteger } from '../../matching/header-matcher.ts'
import type { HeaderPredicate } from '../../matching/header-matcher.ts'
import { percentDenominator } from '../../matching/route-match.ts'
import { asStruct, durationMs } from '../../stream/config-values.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'

/** How many of the requests. The request may lower the number in a header, where headers control the fault. */
export interface Share {
  readonly numerator: number
  readonly denominator: number
  readonly header: string | undefined
}

export interface Delay {
  readonly share: Share
  /** Undefined: the request says it in `x-envoy-fault-delay-request`. */
  readonly fixedMs: number | undefined
}

export interface Abort {
  readonly share: Share
  /** Undefined: the request says it in `x-envoy-fault-abort-request` or `x-envoy-fault-abort-grpc-request`. */
  readonly answer: AbortAnswer | undefined
  readonly body: string
}

export interface AbortAnswer {
  readonly status: number
  readonly grpcStatus: number | undefined
}

export interface FaultSettings {
  readonly delay: Delay | undefined
  readonly abort: Abort | undefined
  /** '' for any. */
  readonly upstreamCluster: string
  readonly headers: readonly HeaderPredicate[]
  /** Values of `x-envoy-downstream-service-node`; undefined for any. */
  readonly downstreamNodes: ReadonlySet<string> | undefined
  readonly maxActive: number
  /** Dynamic metadata of requests with a fault. */
  readonly metadata: MetadataStruct | undefined
}

const ABORT_BODY = 'fault filter abort'

export function compileFaultSettings(message: HTTPFault, problems: Problems): FaultSettings {
  return {
    delay: message.delay === undefined ? undefined : compileDelay(message.delay),
    abort: message.abort === undefined ? undefined : compileAbort(message.abort),
    upstreamCluster: message.upstreamCluster,
    headers: compileHeaderMatchers(message.headers, problems.at('headers')),
    downstreamNodes: message.downstreamNodes.length === 0 ? undefined : new Set(message.downstreamNodes),
    maxActive: message.maxActiveFaults ?? Infinity,
    metadata: message.filterMetadata === undefined ? undefined : asStruct(message.filterMetadata),
  }
}

function compileDelay(message: FaultDelay): Delay {
  const specifier = message.faultDelaySecifier
  if (specifier.case === 'fixedDelay') {
    return { share: compileShare(message.percentage, undefined), fixedMs: Math.floor(durationMs(specifier.value) ?? 0) }
  }
  return { share: compileShare(message.percentage, 'x-envoy-fault-delay-request-percentage'), fixedMs: undefined }
}

function compileAbort(message: FaultAbort): Abort {
  const { errorType, percentage } = message
  const body = message.responseBody === '' ? ABORT_BODY : message.responseBody
  switch (errorType.case) {
    case 'httpStatus':
      return { share: compileShare(percentage, undefined), answer: httpAnswer(errorType.value), body }
    case 'grpcStatus':
      return { share: compileShare(percentage, undefined), answer: grpcAnswer(errorType.value), body }
    default:
      return { share: compileShare(percentage, 'x-envoy-fault-abort-request-percentage'), answer: undefined, body }
  }
}

function compileShare(percentage: FractionalPercent | undefined, header: string | undefined): Share {
  if (percentage === undefined) return { numerator: 0, denominator: 100, header }
  return { numerator: percentage.numerator, denominator: percentDenominator(percentage), header }
}

/** Whether this request is one of the share. */
export function isOf(share: Share, headers: HeaderMap, random: Random): boolean {
  const asked = share.header === undefined ? undefined : unsigned(headers.get(share.header))
  const numerator = asked === undefined ? share.numerator : Math.min(asked, share.numerator)
  return random.below(share.denominator) < numerator
}

/** 0 for none. */
export function delayMs(delay: Delay, headers: HeaderMap): number {
  return delay.fixedMs ?? unsigned(headers.get('x-envoy-fault-delay-request')) ?? 0
}

/** A status of HTTP goes before one of gRPC. */
export function abortAnswer(abort: Abort, headers: HeaderMap): AbortAnswer | undefined {
  if (abort.answer !== undefined) return abort.answer
  const status = unsigned(headers.get('x-envoy-fault-abort-request'))
  if (status !== undefined && status >= 200 && status < 600) return httpAnswer(status)
  const grpcStatus = unsigned(headers.get('x-envoy-fault-abort-grpc-request'))
  return grpcStatus === undefined ? undefined : grpcAnswer(grpcStatus)
}

function httpAnswer(status: number): AbortAnswer {
  return { status, grpcStatus: undefined }
}

function grpcAnswer(grpcStatus: number): AbortAnswer {
  return { status: 200, grpcStatus }
}

function unsigned(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = parseInteger(text)
  return number >= 0 ? number : undefined
}
