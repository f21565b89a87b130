// Counts what a peer could send, or make us send, without end (CVE-2019-9511 to -9518). Limits as in Envoy's ProtocolConstraints.

import {
  CONTINUATION,
  DATA,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  HEADERS,
  PRIORITY,
  WINDOW_UPDATE,
} from './frame-constants.ts'
import type { Http2Options } from './options.ts'

/** A limit that was passed: Envoy's words for the log, and its response code details. */
export interface Flood {
  readonly message: string
  /** For all streams of the connection. */
  readonly detail: string
  /** For the stream whose frame was one too many, where that is another one. */
  readonly streamDetail: string | undefined
}

const EMPTY_FRAMES = flood('Too many consecutive frames with an empty payload', 'http2.inbound_empty_frames_flood')
const PRIORITY_FRAMES = flood('Too many PRIORITY frames')
const WINDOW_UPDATES = flood('Too many WINDOW_UPDATE frames')
export const OUTBOUND_FRAMES = flood('Too many frames in the outbound queue.')
export const OUTBOUND_CONTROL_FRAMES = flood('Too many control frames in the outbound queue.')

function flood(message: string, streamDetail?: string): Flood {
  return { message, detail: `codec_error:${message.replaceAll(' ', '_')}`, streamDetail }
}

/** Frames received on one connection. */
export class InboundFrames {
  private readonly options: Http2Options
  private emptyFrames = 0
  private priorityFrames = 0
  private windowUpdates = 0
  private streams = 0

  constructor(options: Http2Options) {
    this.options = options
  }

  /** Streams that either side opened; a client reports its own by `streamOpened`. */
  streamOpened(): void {
    this.streams++
  }

  /**
   * Counts one frame; `contentBytes` is its payload without padding, `dataFramesSent` the DATA frames that we have sent so far.
   */
  track(type: number, flags: number, contentBytes: number, dataFramesSent: number): Flood | undefined {
    switch (type) {
      case HEADERS:
      case CONTINUATION:
        if ((flags & FLAG_END_HEADERS) !== 0) this.streams++
        return this.trackContent(type === HEADERS && (flags & FLAG_END_STREAM) !== 0, contentBytes)
      case DATA:
        return this.trackContent((flags & FLAG_END_STREAM) !== 0, contentBytes)
      case PRIORITY:
        return ++this.priorityFrames > this.options.maxPriorityFramesPerStream * (1 + this.streams)
          ? PRIORITY_FRAMES
          : undefined
      case WINDOW_UPDATE: {
        const perDataFrame = this.options.maxWindowUpdateFramesPerDataFrameSent
        return ++this.windowUpdates > 5 + 2 * (this.streams + perDataFrame * dataFramesSent)
          ? WINDOW_UPDATES
          : undefined
      }
      default:
        return undefined
    }
  }

  private trackContent(endStream: boolean, contentBytes: number): Flood | undefined {
    if (contentBytes > 0 || endStream) {
      this.emptyFrames = 0
      return undefined
    }
    return ++this.emptyFrames > this.options.maxConsecutiveEmptyDataFrames ? EMPTY_FRAMES : undefined
  }
}

/**
 * Frames written and not yet taken by the transport, at most `recent` too many: a sink tells how many bytes wait, not which
 * frames. Frames are counted in two generations; the older one is gone once the bytes written before the younger have left.
 */
export class OutboundFrames {
  private older = 0
  private recent = 0
  /** Position in the output (bytes written since the start) where the recent generation begins. */
  private boundary = 0

  /** Counts a frame that ends at `position`, of which `bufferedBytes` still wait; returns how many frames wait. */
  add(position: number, bufferedBytes: number): number {
    if (position - bufferedBytes >= this.boundary) {
      this.older = this.recent
      this.recent = 0
      this.boundary = position
    }
    return this.older + ++this.recent
  }
}
