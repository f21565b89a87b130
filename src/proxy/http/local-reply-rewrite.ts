// What `local_reply_config` makes of responses that the proxy makes itself: the first mapper whose filter matches changes status,
// headers and body; then the body is formatted. Envoy's counterpart is LocalReply::LocalReplyImpl.

import type { ResponseHeaderMap } from '../../codec/header-map.ts'
import type { Format } from '../format/compile-format.ts'
import type { HeaderMutation } from '../format/header-mutation.ts'
import type { StreamInfo } from '../stream/stream-info.ts'

export interface BodyFormat {
  readonly format: Format
  readonly contentType: string
}

export interface ResponseMapper {
  matches(info: StreamInfo): boolean
  /** Undefined leaves what there is. */
  readonly status: number | undefined
  readonly body: string | undefined
  readonly bodyFormat: BodyFormat | undefined
  readonly headers: HeaderMutation
}

export interface RewrittenBody {
  readonly body: string
  readonly contentType: string
}

export class LocalReplyRewrite {
  private readonly mappers: readonly ResponseMapper[]
  private readonly bodyFormat: BodyFormat | undefined

  constructor(mappers: readonly ResponseMapper[], bodyFormat: BodyFormat | undefined) {
    this.mappers = mappers
    this.bodyFormat = bodyFormat
  }

  /** Changes `headers`, their status included; formats and filters see them and the new body in `info`. */
  rewrite(headers: ResponseHeaderMap, original: string, info: StreamInfo): RewrittenBody {
    info.responseHeaders = headers
    info.responseCode = headers.status
    const mapper = this.mappers.find((one) => one.matches(info))
    const body = mapper?.body ?? original
    if (mapper !== undefined) {
      mapper.headers.apply(headers, info)
      if (mapper.status !== undefined) headers.status = mapper.status
      info.responseCode = headers.status
    }
    info.localReplyBody = body
    const chosen = mapper?.bodyFormat ?? this.bodyFormat
    if (chosen === undefined) return { body, contentType: 'text/plain' }
    return { body: chosen.format(info), contentType: chosen.contentType }
  }
}
