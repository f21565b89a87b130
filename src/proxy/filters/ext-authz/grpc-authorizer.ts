// Asks envoy.service.auth.v3.Authorization/Check over gRPC.

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { HeaderValueOption } from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import { HeaderValueOption_HeaderAppendAction as AppendAction } from '../../../envoy/generated/envoy/config/core/v3/base_pb.js'
import {
  CheckRequestSchema,
  CheckResponseSchema,
} from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'
import type {
  CheckResponse,
  DeniedHttpResponse,
} from '../../../envoy/generated/envoy/service/auth/v3/external_auth_pb.js'
import { toWireText } from '../../../lib/wire-text.ts'
import type { AsyncCall, AsyncClient } from '../../http/async-client.ts'
import { callGrpc } from '../../http/grpc-call.ts'
import type { GrpcReceiver, GrpcTarget } from '../../http/grpc-call.ts'
import { asStruct } from '../../stream/config-values.ts'
import type { MetadataStruct } from '../../stream/metadata.ts'
import { UNREACHABLE } from './authorizer.ts'
import type {
  AnswerReceiver,
  Authorizer,
  AuthzAnswer,
  AuthzQuestion,
  HeaderAction,
  HeaderChange,
} from './authorizer.ts'
import { checkRequest } from './check-request.ts'
import type { CheckSettings } from './check-request.ts'

const CHECK = '/envoy.service.auth.v3.Authorization/Check'
const DEFAULT_DENIED_STATUS = 403

export class GrpcAuthorizer implements Authorizer {
  private readonly client: AsyncClient
  private readonly target: GrpcTarget
  private readonly settings: CheckSettings

  constructor(client: AsyncClient, target: GrpcTarget, settings: CheckSettings) {
    this.client = client
    this.target = target
    this.settings = settings
  }

  ask(question: AuthzQuestion, receiver: AnswerReceiver): AsyncCall {
    const message = toBinary(CheckRequestSchema, checkRequest(question, this.settings))
    const { connection } = question.exchange.info
    return callGrpc(this.client, this.target, CHECK, message, connection, new Receiver(receiver))
  }
}

class Receiver implements GrpcReceiver {
  private readonly receiver: AnswerReceiver

  constructor(receiver: AnswerReceiver) {
    this.receiver = receiver
  }

  onGrpcMessage(message: Buffer): void {
    this.receiver.onAnswer(readAnswer(message))
  }

  onGrpcFailure(): void {
    this.receiver.onAnswer(UNREACHABLE)
  }
}

/** What cannot be read is no decision. */
function readAnswer(message: Buffer): AuthzAnswer {
  let response: CheckResponse
  try {
    response = fromBinary(CheckResponseSchema, message)
  } catch {
    return UNREACHABLE
  }
  const { httpResponse } = response
  const ok = httpResponse.case === 'okResponse' ? httpResponse.value : undefined
  const metadata = metadataOf(ok?.dynamicMetadata ?? response.dynamicMetadata)
  if ((response.status?.code ?? 0) === 0) {
    return {
      kind: 'allowed',
      requestHeaders: changesOf(ok?.headers, 'request'),
      removedHeaders: (ok?.headersToRemove ?? []).map((name) => name.toLowerCase()),
      responseHeaders: changesOf(ok?.responseHeadersToAdd, 'response'),
      setParameters: (ok?.queryParametersToSet ?? []).map(({ key, value }) => ({ name: key, value })),
      removedParameters: ok?.queryParametersToRemove ?? [],
      metadata,
    }
  }
  if (httpResponse.case === 'errorResponse') return { kind: 'error', ...replyOf(httpResponse.value, 0) }
  const denied = httpResponse.case === 'deniedResponse' ? httpResponse.value : undefined
  return { kind: 'denied', ...replyOf(denied, DEFAULT_DENIED_STATUS), metadata }
}

function replyOf(
  message: DeniedHttpResponse | undefined,
  defaultStatus: number,
): { status: number; headers: readonly HeaderChange[]; body: string } {
  const status = message?.status?.code ?? 0
  return {
    status: status === 0 ? defaultStatus : status,
    headers: changesOf(message?.headers, 'reply'),
    body: message?.body ?? '',
  }
}

function metadataOf(struct: CheckResponse['dynamicMetadata']): MetadataStruct | undefined {
  if (struct === undefined) return undefined
  for (const _ in struct) return asStruct(struct)
  return undefined
}

type Target = 'request' | 'response' | 'reply'

function changesOf(options: readonly HeaderValueOption[] | undefined, target: Target): HeaderChange[] {
  const changes: HeaderChange[] = []
  for (const option of options ?? []) {
    const { header } = option
    // Of a reply, Envoy leaves them out.
    if (header === undefined || (target === 'reply' && option.append === true)) continue
    const value =
      header.rawValue.length > 0 ? Buffer.from(header.rawValue).toString('latin1') : toWireText(header.value)
    changes.push({ name: header.key.toLowerCase(), value, action: actionOf(option, target) })
  }
  return changes
}

/** What a request gets, Envoy sets, but for those with the deprecated `append`; of a reply all are added. */
function actionOf({ append, appendAction }: HeaderValueOption, target: Target): HeaderAction {
  if (target === 'reply') return 'add'
  if (target === 'request') return append === true ? 'join' : 'set'
  if (append !== undefined) return append ? 'add' : 'set'
  switch (appendAction) {
    case AppendAction.APPEND_IF_EXISTS_OR_ADD:
      return 'add'
    case AppendAction.ADD_IF_ABSENT:
      return 'addIfAbsent'
    case AppendAction.OVERWRITE_IF_EXISTS:
      return 'setIfExists'
    case AppendAction.OVERWRITE_IF_EXISTS_OR_ADD:
      return 'set'
  }
}
