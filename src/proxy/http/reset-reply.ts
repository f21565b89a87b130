// What a client is told when its upstream stream broke before the response: Envoy's table of reasons, flags and statuses.

import type { ResetReason } from '../../codec/http-stream.ts'
import type { ResponseFlag } from '../stream/response-flags.ts'
import type { Exchange } from './exchange.ts'
import type { LocalReply } from './local-reply.ts'

const FLAGS: Readonly<Record<ResetReason, ResponseFlag>> = {
  'local reset': 'LR',
  'local refused stream reset': 'LR',
  'HTTP/1 premature upstream half close': 'LR',
  'remote reset': 'UR',
  'remote refused stream reset': 'UR',
  'remote error with CONNECT request': 'UR',
  'local connection failure': 'UF',
  'remote connection failure': 'UF',
  'connection timeout': 'UF',
  'connection termination': 'UC',
  overflow: 'UO',
  'protocol error': 'UPE',
  'overload manager reset': 'OM',
}

export function resetFlag(reason: ResetReason): ResponseFlag {
  return FLAGS[reason]
}

export function replyToReset(
  exchange: Exchange,
  reason: ResetReason,
  transportFailure: string,
  retried: boolean,
): LocalReply {
  const prefix = 'upstream connect error or disconnect/reset before headers. '
  // What went wrong on the way to the upstream is for the log, not for strangers.
  const body = `${prefix}${retried ? 'retried and the latest ' : ''}reset reason: ${reason}`
  const detail = transportFailure === '' ? reason : `${reason}|${transportFailure}`
  return {
    status: reason === 'protocol error' ? 502 : 503,
    body,
    // To Envoy a 1xx is a start.
    details: exchange.sentInformational
      ? detailsOfLateReset(reason)
      : `upstream_reset_before_response_started{${detail}}`,
    headers: reason === 'overflow' && !exchange.config.suppressEnvoyHeaders ? OVERLOADED : undefined,
  }
}

/** The request, or one try, took too long. */
export function replyToTimeout(details: string, answersWith204: boolean): LocalReply {
  if (answersWith204) return { status: 204, body: '', details }
  return { status: 504, body: 'upstream request timeout', details }
}

/** The upstream's stream lived too long. */
export function replyToStreamDuration(exchange: Exchange): LocalReply {
  return {
    status: exchange.requestEnded ? 504 : 408,
    body: 'upstream max stream duration reached',
    details: 'upstream_max_stream_duration_reached',
  }
}

/** Response code details when the response had started. */
export function detailsOfLateReset(reason: ResetReason): string {
  return `upstream_reset_after_response_started{${reason.replaceAll(' ', '_')}}`
}

const OVERLOADED = ['x-envoy-overloaded', 'true']
