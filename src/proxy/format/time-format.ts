// Points in time as text: ISO 8601 by default, or a format of strftime with Envoy's subsecond specifiers. UTC only.

import type { Problems } from '../../lib/problems.ts'

/** From wall-clock milliseconds since 1970, with fractions, to text. */
export type TimeFormat = (ms: number) => string

/** `2016-04-15T20:17:00.310Z`. Everything but the milliseconds is the same for a second, and is kept that long. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms)
  const second = Math.floor(whole / 1000)
  if (second !== isoSecond) {
    isoSecond = second
    isoText = dateOf(second).toISOString().slice(0, 20)
  }
  return isoText + THREE_DIGITS[whole - second * 1000] + 'Z'
}

/** Called once a second, not once a stream. */
function dateOf(second: number): Date {
  // eslint-disable-next-line no-restricted-syntax -- the text it makes is kept for the whole second
  return new Date(second * 1000)
}

let isoSecond = NaN
let isoText = ''
const THREE_DIGITS = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'))

/** Digits of the second's fraction, `count` of 1 to 9. */
function fraction(ms: number, count: number): string {
  const nanoseconds = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1e6)
  return String(Math.min(nanoseconds, 999_999_999)).padStart(9, '0').slice(0, count)
}

type Part = string | ((date: Date) => string) | { readonly digits: number; readonly withSeconds: boolean }

/** A specifier that is not known here is refused; Envoy prints it as it stands. */
export function compileTimeFormat(format: string, problems: Problems): TimeFormat {
  if (/[\r\n]/.test(format)) problems.add('a time format must not contain a newline')
  const parts: Part[] = []
  for (const [token] of format.matchAll(/%E\d?\*?[a-zA-Z]|%O?\d?[a-zA-Z]|%%|[^%]+|%/g)) {
    const part = compileToken(token)
    if (part === undefined) problems.add(`"${token}" in the time format is not supported`)
    else parts.push(part)
  }
  return cachedBySecond(parts)
}

function compileToken(token: string): Part | undefined {
  if (token === '%%') return '%'
  if (!token.startsWith('%')) return token
  const subseconds = /^%(\d?)f$/.exec(token)
  if (subseconds !== null) return { digits: Number(subseconds[1] || '9'), withSeconds: false }
  const precise = /^%E([1-9])([Sf])$/.exec(token)
  if (precise !== null) return { digits: Number(precise[1]), withSeconds: precise[2] === 'S' }
  return SPECIFIERS.get(token.replace(/^%O/, '%'))
}

/** Renders what is constant within a second once per second. */
function cachedBySecond(parts: readonly Part[]): TimeFormat {
  let cached = NaN
  const rendered: string[] = []
  return (ms) => {
    const second = Math.floor(ms / 1000)
    if (second !== cached) {
      cached = second
      const date = dateOf(second)
      for (const [i, part] of parts.entries()) rendered[i] = renderWhole(part, date)
    }
    let out = ''
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      out += rendered[i]
      if (typeof part === 'object') out += fraction(ms, part.digits)
    }
    return out
  }
}

function renderWhole(part: Part, date: Date): string {
  if (typeof part === 'string') return part
  if (typeof part === 'function') return part(date)
  return part.withSeconds ? two(date.getUTCSeconds()) + '.' : ''
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

function two(number: number, pad = '0'): string {
  return String(number).padStart(2, pad)
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1
}

/** The ISO 8601 week and the year it belongs to. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = dateOf(date.getTime() / 1000 + (4 - (date.getUTCDay() || 7)) * 86_400)
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) }
}

const year = (date: Date): string => String(date.getUTCFullYear())
const month = (date: Date): string => two(date.getUTCMonth() + 1)
const day = (date: Date): string => two(date.getUTCDate())
const hour = (date: Date): string => two(date.getUTCHours())
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12
const minute = (date: Date): string => two(date.getUTCMinutes())
const second = (date: Date): string => two(date.getUTCSeconds())
const time = (date: Date): string => `${hour(date)}:${minute(date)}:${second(date)}`
const dayName = (date: Date): string => DAYS[date.getUTCDay()]
const monthName = (date: Date): string => MONTHS[date.getUTCMonth()]
const half = (date: Date): string => (date.getUTCHours() < 12 ? 'AM' : 'PM')
const american = (date: Date): string => `${month(date)}/${day(date)}/${year(date).slice(-2)}`
const isoDate = (date: Date): string => `${year(date)}-${month(date)}-${day(date)}`
const weekOf = (date: Date, firstDay: number): string =>
  two(Math.floor((dayOfYear(date) + 6 - ((date.getUTCDay() - firstDay + 7) % 7)) / 7))

const SPECIFIERS: ReadonlyMap<string, (date: Date) => string> = new Map([
  ['%a', (date: Date) => dayName(date).slice(0, 3)],
  ['%A', dayName],
  ['%b', (date: Date) => monthName(date).slice(0, 3)],
  ['%h', (date: Date) => monthName(date).slice(0, 3)],
  ['%B', monthName],
  [
    '%c',
    (date: Date) =>
      `${dayName(date).slice(0, 3)} ${monthName(date).slice(0, 3)} ${two(date.getUTCDate(), ' ')} ${time(date)} ${year(date)}`,
  ],
  ['%C', (date: Date) => year(date).slice(0, -2)],
  ['%d', day],
  ['%D', american],
  ['%e', (date: Date) => two(date.getUTCDate(), ' ')],
  ['%F', isoDate],
  ['%g', (date: Date) => String(isoWeek(date).year).slice(-2)],
  ['%G', (date: Date) => String(isoWeek(date).year)],
  ['%H', hour],
  ['%I', (date: Date) => two(hour12(date))],
  ['%j', (date: Date) => String(dayOfYear(date)).padStart(3, '0')],
  ['%k', (date: Date) => two(date.getUTCHours(), ' ')],
  ['%l', (date: Date) => two(hour12(date), ' ')],
  ['%m', month],
  ['%M', minute],
  ['%p', half],
  ['%P', (date: Date) => half(date).toLowerCase()],
  ['%r', (date: Date) => `${two(hour12(date))}:${minute(date)}:${second(date)} ${half(date)}`],
  ['%R', (date: Date) => `${hour(date)}:${minute(date)}`],
  ['%s', (date: Date) => String(date.getTime() / 1000)],
  ['%S', second],
  ['%t', () => '\t'],
  ['%T', time],
  ['%ET', () => 'T'],
  ['%u', (date: Date) => String(date.getUTCDay() || 7)],
  ['%U', (date: Date) => weekOf(date, 0)],
  ['%V', (date: Date) => two(isoWeek(date).week)],
  ['%w', (date: Date) => String(date.getUTCDay())],
  ['%W', (date: Date) => weekOf(date, 1)],
  ['%x', american],
  ['%X', time],
  ['%y', (date: Date) => year(date).slice(-2)],
  ['%Y', year],
  ['%z', () => '+0000'],
  ['%Ez', () => '+00:00'],
  ['%Z', () => 'UTC'],
])
