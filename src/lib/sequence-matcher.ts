// Matches a sequence of character sets from end to end in one pass, without backtracking. Compiles only sequences for which
// that is provably what a regular expression engine would answer.

import { setOf } from './regex-shape.ts'
import type { CharSet, Item, Sequence } from './regex-shape.ts'

/** True: the pattern matches all of `value`. `unsure`: ask the general engine. */
export type SequenceMatcher = (value: string) => boolean | 'unsure'

export function compileSequence(sequence: Sequence): SequenceMatcher | undefined {
  const pieces = mergeLiterals(sequence)
  return compileLiteral(pieces) ?? compileGlob(pieces) ?? compileDeterministic(pieces)
}

/** A run of literal characters, or one item that is not a single literal. */
type Piece = string | Item

function mergeLiterals(sequence: Sequence): Piece[] {
  const pieces: Piece[] = []
  for (const item of sequence) {
    const last = pieces.at(-1)
    if (item.max === 0) continue
    if (item.literal === undefined || item.min !== item.max) pieces.push(item)
    else if (typeof last === 'string') pieces[pieces.length - 1] = last + item.literal.repeat(item.min)
    else pieces.push(item.literal.repeat(item.min))
  }
  return pieces
}

function compileLiteral(pieces: readonly Piece[]): SequenceMatcher | undefined {
  const literal = pieces[0] ?? ''
  if (pieces.length > 1 || typeof literal !== 'string') return undefined
  return (value) => value === literal
}

/**
 * Literals with `.*` or `.+` between them. Taking each literal at its first possible place is complete, because the gaps
 * take anything: only their least lengths count. A newline, which `.` does not match, is left to the general engine.
 */
function compileGlob(pieces: readonly Piece[]): SequenceMatcher | undefined {
  if (!pieces.every((piece) => typeof piece === 'string' || (piece.isDot && piece.min <= 1 && piece.max === Infinity)))
    return undefined
  const literals = ['']
  const gaps: number[] = []
  let previousIsGap = false
  for (const piece of pieces) {
    if (typeof piece === 'string') literals[literals.length - 1] = piece
    else if (previousIsGap) gaps[gaps.length - 1] += piece.min
    else {
      gaps.push(piece.min)
      literals.push('')
    }
    previousIsGap = typeof piece !== 'string'
  }
  const suffix = literals.length - 1
  return (value) => {
    if (!value.startsWith(literals[0])) return false
    let at = literals[0].length
    for (let i = 1; i < suffix; i++) {
      const found = value.indexOf(literals[i], at + gaps[i - 1])
      if (found < 0) return false
      at = found + literals[i].length
    }
    if (value.length - literals[suffix].length < at + gaps[suffix - 1] || !value.endsWith(literals[suffix]))
      return false
    return value.includes('\n') ? 'unsure' : true
  }
}

/**
 * Greedy without backtracking: right if no repeated set shares a character with what may follow it, since then the place
 * where a repetition ends is the only one possible.
 */
function compileDeterministic(pieces: readonly Piece[]): SequenceMatcher | undefined {
  let follow: CharSet | undefined
  for (let i = pieces.length - 1; i >= 0; i--) {
    const piece = pieces[i]
    if (typeof piece === 'string') {
      follow = setOf(piece[0])
      continue
    }
    // A character above U+FFFF is two units of a string: only where any number of units is allowed do the counts agree.
    if (piece.set.other && !(piece.min <= 1 && piece.max === Infinity)) return undefined
    if (piece.min !== piece.max && follow !== undefined && piece.set.overlaps(follow)) return undefined
    follow = piece.min === 0 && follow !== undefined ? piece.set.union(follow) : piece.set
  }
  return (value) => {
    let at = 0
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i]
      if (typeof piece === 'string') {
        if (!value.startsWith(piece, at)) return false
        at += piece.length
        continue
      }
      const start = at
      const end = Math.min(value.length, start + piece.max)
      while (at < end && piece.set.has(value.charCodeAt(at))) at++
      if (at - start < piece.min) return false
    }
    return at === value.length
  }
}
