// Reads the easy part of RE2's syntax into flat sequences of character sets, one per combination of alternatives. What it
// does not know it gives up on; the general engine takes those patterns. Not a judge of syntax: that is re2js.

/** A set of characters: one flag per ASCII code, and one for everything above. */
export class CharSet {
  readonly ascii: Uint8Array
  readonly other: boolean

  constructor(ascii: Uint8Array, other: boolean) {
    this.ascii = ascii
    this.other = other
  }

  has(code: number): boolean {
    return code < 128 ? this.ascii[code] === 1 : this.other
  }

  overlaps(set: CharSet): boolean {
    return (this.other && set.other) || this.ascii.some((flag, code) => flag === 1 && set.ascii[code] === 1)
  }

  union(set: CharSet): CharSet {
    return new CharSet(
      this.ascii.map((flag, code) => flag | set.ascii[code]),
      this.other || set.other,
    )
  }

  negated(): CharSet {
    return new CharSet(
      this.ascii.map((flag) => 1 - flag),
      !this.other,
    )
  }
}

export interface Item {
  readonly set: CharSet
  /** The one character of the set, if it has just one. */
  readonly literal: string | undefined
  /** `.`: everything but a newline. */
  readonly isDot: boolean
  readonly min: number
  /** Infinity for `*` and `+`. */
  readonly max: number
}

export type Sequence = readonly Item[]

const MAX_SEQUENCES = 32
const MAX_ITEMS = 2048

/** All sequences that together match, from end to end, what the pattern matches; undefined when it is not that simple. */
export function readSequences(pattern: string): readonly Sequence[] | undefined {
  const body = pattern.replace(/^\^/, '').replace(/(^|[^\\])\$$/, '$1')
  const reader: Reader = { pattern: body, at: 0 }
  try {
    const sequences = readAlternatives(reader)
    return reader.at === body.length ? sequences : undefined
  } catch (error) {
    if (error === TOO_HARD) return undefined
    throw error
  }
}

const TOO_HARD = new Error('not a simple pattern')

interface Reader {
  readonly pattern: string
  at: number
}

function readAlternatives(reader: Reader): Sequence[] {
  const all = readConcatenation(reader)
  while (reader.pattern[reader.at] === '|') {
    reader.at++
    all.push(...readConcatenation(reader))
    if (all.length > MAX_SEQUENCES) throw TOO_HARD
  }
  return all
}

function readConcatenation(reader: Reader): Sequence[] {
  let sequences: Sequence[] = [[]]
  while (reader.at < reader.pattern.length && reader.pattern[reader.at] !== '|' && reader.pattern[reader.at] !== ')') {
    const atoms = readQuantified(reader)
    if (sequences.length * atoms.length > MAX_SEQUENCES) throw TOO_HARD
    sequences = sequences.flatMap((before) => atoms.map((after) => [...before, ...after]))
    if (sequences[0].length > MAX_ITEMS) throw TOO_HARD
  }
  return sequences
}

function readQuantified(reader: Reader): Sequence[] {
  const atoms = readAtom(reader)
  const quantifier = readQuantifier(reader)
  if (quantifier === undefined) return atoms
  const [min, max] = quantifier
  if (atoms.length === 1 && atoms[0].length === 1 && atoms[0][0].min === 1 && atoms[0][0].max === 1) {
    return [[{ ...atoms[0][0], min, max }]]
  }
  if (min === 0 && max === 1) return [...atoms, []]
  throw TOO_HARD
}

/** Lower and upper bound; lazy quantifiers match the same strings from end to end. */
function readQuantifier(reader: Reader): readonly [number, number] | undefined {
  const { pattern, at } = reader
  let bounds: readonly [number, number] | undefined
  let length = 1
  if (pattern[at] === '*') bounds = [0, Infinity]
  else if (pattern[at] === '+') bounds = [1, Infinity]
  else if (pattern[at] === '?') bounds = [0, 1]
  else {
    const counted = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(pattern.slice(at, at + 10))
    if (counted === null) {
      if (pattern[at] === '{') throw TOO_HARD
      return undefined
    }
    const min = Number(counted[1])
    bounds = [min, counted[2] === undefined ? min : counted[3] === undefined ? Infinity : Number(counted[3])]
    length = counted[0].length
  }
  reader.at += length
  if (pattern[reader.at] === '?') reader.at++
  return bounds
}

function readAtom(reader: Reader): Sequence[] {
  const { pattern } = reader
  const character = pattern[reader.at]
  if (character === '(') return readGroup(reader)
  if (character === '[') return [[single(readClass(reader))]]
  if (character === '\\') return [[single(readEscape(reader))]]
  if ('^$*+?{'.includes(character) || character.charCodeAt(0) > 127) throw TOO_HARD
  reader.at++
  if (character === '.') return [[{ ...single(DOT), isDot: true }]]
  return [[single(setOf(character))]]
}

function readGroup(reader: Reader): Sequence[] {
  const opening = /^\((\?(:|P?<\w+>))?/.exec(reader.pattern.slice(reader.at))
  if (opening === null || reader.pattern[reader.at + opening[0].length] === '?') throw TOO_HARD
  reader.at += opening[0].length
  const alternatives = readAlternatives(reader)
  if (reader.pattern[reader.at] !== ')') throw TOO_HARD
  reader.at++
  return alternatives
}

function readClass(reader: Reader): CharSet {
  const { pattern } = reader
  let at = reader.at + 1
  const negate = pattern[at] === '^'
  if (negate) at++
  let set = setOf('')
  for (let first = true; first || pattern[at] !== ']'; first = false) {
    if (at >= pattern.length || pattern[at] === '[' || pattern.charCodeAt(at) > 127) throw TOO_HARD
    const inner: Reader = { pattern, at }
    const low = pattern[at] === '\\' ? readEscape(inner) : setOf(pattern[inner.at++])
    at = inner.at
    if (pattern[at] === '-' && pattern[at + 1] !== ']') {
      const from = onlyCode(low)
      const to = pattern.charCodeAt(at + 1)
      if (from === undefined || pattern[at + 1] === '\\' || pattern[at + 1] === '[' || !(to >= from && to < 128))
        throw TOO_HARD
      set = set.union(setWhere((code) => code >= from && code <= to))
      at += 2
    } else set = set.union(low)
  }
  reader.at = at + 1
  return negate ? set.negated() : set
}

/** `\d`, `\w`, `\s` and their negations are ASCII in RE2; escaped punctuation stands for itself. */
function readEscape(reader: Reader): CharSet {
  const character = reader.pattern[reader.at + 1] ?? ''
  reader.at += 2
  const known = CLASSES.get(character.toLowerCase())
  if (known !== undefined) return character === character.toLowerCase() ? known : known.negated()
  if (!/^[!-/:-@[-`{-~]$/.test(character)) throw TOO_HARD
  return setOf(character)
}

function setWhere(holds: (code: number) => boolean): CharSet {
  return new CharSet(
    Uint8Array.from({ length: 128 }, (_, code) => (holds(code) ? 1 : 0)),
    false,
  )
}

export function setOf(characters: string): CharSet {
  return setWhere((code) => characters.includes(String.fromCharCode(code)))
}

function onlyCode(set: CharSet): number | undefined {
  const code = set.ascii.indexOf(1)
  return !set.other && code >= 0 && set.ascii.lastIndexOf(1) === code ? code : undefined
}

const CLASSES = new Map([
  ['d', setWhere((code) => code >= 48 && code <= 57)],
  ['w', setWhere((code) => /\w/.test(String.fromCharCode(code)))],
  ['s', setOf('\t\n\f\r ')],
])

const DOT = setOf('\n').negated()

function single(set: CharSet): Item {
  const code = onlyCode(set)
  return { set, literal: code === undefined ? undefined : String.fromCharCode(code), isDot: false, min: 1, max: 1 }
}
