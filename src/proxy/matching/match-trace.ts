// The record of one decision, for `explain`: what was tried, in order, and why it lost or won. Traffic passes none.

export interface MatchStep {
  /** What was tried, in words: `route "a": prefix "/a", header x exact "1"`. */
  readonly tried: string
  /** `matched`, or the part that did not. */
  readonly outcome: string
}

export class MatchTrace {
  readonly steps: MatchStep[] = []

  add(tried: string, outcome: string): void {
    this.steps.push({ tried, outcome })
  }
}
