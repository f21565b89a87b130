// Remembers which streams we reset: their peers may not know yet, so frames on them are no error (RFC 9113 5.1, "closed").

const REMEMBERED = 256

/** The last streams that this end reset. What was forgotten is given the benefit of the doubt. */
export class ResetStreams {
  private readonly ids: number[] = []
  private next = 0
  private forgottenUpTo = 0

  add(streamId: number): void {
    if (this.ids.length < REMEMBERED) {
      this.ids.push(streamId)
      return
    }
    this.forgottenUpTo = Math.max(this.forgottenUpTo, this.ids[this.next])
    this.ids[this.next] = streamId
    this.next = (this.next + 1) % REMEMBERED
  }

  /** Whether frames on this closed stream may be the peer's not knowing yet. */
  mayHaveBeenReset(streamId: number): boolean {
    return streamId <= this.forgottenUpTo || this.ids.includes(streamId)
  }
}
