// Between the owner of the connection and the message reader: when input is parsed, kept, or refused for a while. The same for
// both ends.

import type { CodecError, ConnectionControl, ServerCodecCallbacks } from '../http-stream.ts'
import { HeldBytes } from './held-bytes.ts'
import type { MessageReader } from './message-reader.ts'

/** The owner of either end's connection. */
type InputControl = ConnectionControl & Pick<ServerCodecCallbacks, 'setReadable'>

/** The codec, as the driver sees it. Its methods are called within `dispatch`. */
export interface InputOwner {
  /** The peer has sent its last byte, and all of them are parsed. */
  onInputEnd(): void
  /** The input is malformed: reset or keep the stream, and say what `dispatch` returns. */
  onSyntaxError(error: CodecError): CodecError
  readonly hasPendingError: boolean
  /** An error that waited until it could be told, outside of the sender's call or behind the last event. */
  takePendingError(): CodecError | undefined
}

export class InputDriver {
  /** The stream's consumer wants no data now. */
  isPaused = false
  isDispatching = false
  private readonly owner: InputOwner
  private readonly reader: MessageReader
  private readonly control: InputControl
  private readonly maxHeldBytes: number
  private isReadable = true
  /** What came while an earlier chunk was being parsed. */
  private late: HeldBytes | undefined = undefined
  private inputEnded = false
  private endReported = false

  constructor(owner: InputOwner, reader: MessageReader, control: InputControl, maxHeldBytes: number) {
    this.owner = owner
    this.reader = reader
    this.control = control
    this.maxHeldBytes = maxHeldBytes
  }

  dispatch(chunk: Buffer): CodecError | undefined {
    if (this.isDispatching) {
      this.late ??= new HeldBytes()
      this.late.append(chunk)
      return undefined
    }
    this.isDispatching = true
    let error = this.reader.feed(chunk)
    while (this.late !== undefined) {
      const late = this.late.view()
      this.late = undefined
      error ??= this.reader.feed(late)
    }
    if (error !== undefined) error = this.owner.onSyntaxError(error)
    else this.reportEnd()
    const pendingError = this.owner.takePendingError()
    this.isDispatching = false
    this.updateReadable()
    return error ?? pendingError
  }

  /** The end of the input waits for bytes before it that a paused consumer has not taken. */
  get hasPendingEnd(): boolean {
    return this.inputEnded && !this.endReported
  }

  /** No more bytes will come; the owner is told when those that came are parsed. */
  endInput(): void {
    this.inputEnded = true
    if (this.isDispatching) return
    this.isDispatching = true
    this.reportEnd()
    this.isDispatching = false
    if (this.owner.hasPendingError) this.control.onInputReady()
  }

  pause(): void {
    this.isPaused = true
    this.reader.isHalted = true
    this.updateReadable()
  }

  /** The caller has decided whether the reader stays halted. */
  resume(): void {
    this.isPaused = false
    this.updateReadable()
    this.proceed()
  }

  /** Nothing that comes is of interest any more; it is still read, so that the peer's end is noticed. */
  discard(): void {
    const { reader } = this
    reader.discards = true
    reader.held.consume(reader.held.length)
    this.isPaused = false
    if (!this.isDispatching) this.updateReadable()
  }

  /** The reader may have become able to go on, outside of `dispatch`. */
  proceed(): void {
    if (this.isDispatching) return
    const hasWork = this.reader.held.length > 0 && !this.reader.isHalted
    if (hasWork || this.hasPendingEnd) this.control.onInputReady()
  }

  private reportEnd(): void {
    if (!this.inputEnded || this.endReported || this.isPaused) return
    if (this.reader.isHalted && this.reader.held.length > 0) return
    this.endReported = true
    this.owner.onInputEnd()
  }

  private updateReadable(): void {
    // What is kept of a head that is not whole has its own limit, and only more input can end that.
    const { reader } = this
    const isReadable = !this.isPaused && !(reader.isHalted && reader.held.length > this.maxHeldBytes)
    if (isReadable === this.isReadable) return
    this.isReadable = isReadable
    this.control.setReadable(isReadable)
  }
}
