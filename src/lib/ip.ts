// Reading and writing IP addresses: strict (as inet_pton), canonical (RFC 5952). IPv4-mapped IPv6 addresses are IPv4.

export type IpFamily = 4 | 6

/**
 * Reads an address into `words` (four 32-bit words; IPv4 uses the last one, the others are 0) and returns its family, or 0
 * if `text` is no address. A zone (`%eth0`) is ignored. Allocates nothing.
 */
export function readIp(text: string, words: Uint32Array): IpFamily | 0 {
  if (text.includes(':')) return readIpv6(text, words)
  const address = readIpv4(text, 0, text.length)
  if (address < 0) return 0
  words[0] = words[1] = words[2] = 0
  words[3] = address
  return 4
}

const scratch = new Uint32Array(4)

export function ipFamily(text: string): IpFamily | 0 {
  return readIp(text, scratch)
}

/** The one spelling of an address (RFC 5952; IPv4-mapped as IPv4), or undefined if `text` is none. */
export function canonicalIp(text: string): string | undefined {
  const family = readIp(text, scratch)
  return family === 0 ? undefined : formatIp(family, scratch)
}

export function formatIp(family: IpFamily, words: Uint32Array): string {
  if (family === 4) return formatIpv4(words[3])
  const groups: number[] = []
  for (const word of words) groups.push(word >>> 16, word & 0xffff)
  const [start, length] = longestZeroRun(groups)
  if (length < 2) return groups.map(hex).join(':')
  return (
    groups.slice(0, start).map(hex).join(':') +
    '::' +
    groups
      .slice(start + length)
      .map(hex)
      .join(':')
  )
}

/** The 32 bits of a dotted quad at text[start, end), or -1. No leading zeros, no short forms. */
function readIpv4(text: string, start: number, end: number): number {
  let address = 0
  let octets = 0
  let at = start
  while (at < end) {
    const first = at
    let octet = 0
    while (at < end && isDigit(text.charCodeAt(at)) && at - first < 3) octet = octet * 10 + text.charCodeAt(at++) - 48
    const digits = at - first
    if (digits === 0 || octet > 255 || (digits > 1 && text.charCodeAt(first) === 48)) return -1
    address = address * 256 + octet
    octets++
    if (at === end) return octets === 4 ? address : -1
    if (text.charCodeAt(at) !== 46 || octets === 4) return -1
    at++
  }
  return -1
}

const groups = new Uint16Array(8)

function readIpv6(text: string, words: Uint32Array): IpFamily | 0 {
  const zone = text.indexOf('%')
  const end = zone < 0 ? text.length : zone
  let count = 0
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === 58) {
    if (text.charCodeAt(1) !== 58) return 0
    at = 1
  }
  while (at < end) {
    if (text.charCodeAt(at) === 58) {
      // The second colon of `::`; the first was passed as separator or is the leading one.
      if (gap >= 0) return 0
      gap = count
      at++
      continue
    }
    if (count === 8) return 0
    const first = at
    let group = 0
    while (at < end && at - first < 4) {
      const digit = hexDigit(text.charCodeAt(at))
      if (digit < 0) break
      group = group * 16 + digit
      at++
    }
    if (at < end && text.charCodeAt(at) === 46) {
      const address = readIpv4(text, first, end)
      if (address < 0 || count > 6) return 0
      groups[count++] = address >>> 16
      groups[count++] = address & 0xffff
      at = end
      break
    }
    if (at === first) return 0
    groups[count++] = group
    if (at === end) break
    if (text.charCodeAt(at) !== 58 || at + 1 === end) return 0
    at++
  }
  return spread(count, gap, words)
}

/** Fills the gap that `::` left and recognises IPv4-mapped addresses (RFC 4291 2.5.5.2). */
function spread(count: number, gap: number, words: Uint32Array): IpFamily | 0 {
  if (gap < 0 ? count !== 8 : count > 7) return 0
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count)
    groups.fill(0, gap, 8 - (count - gap))
  }
  for (let i = 0; i < 4; i++) words[i] = groups[2 * i] * 65536 + groups[2 * i + 1]
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 6
  words[2] = 0
  return 4
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

function hex(group: number): string {
  return group.toString(16)
}

function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** Start and length of the first longest run of zero groups. */
function longestZeroRun(list: readonly number[]): [number, number] {
  let best = 0
  let bestLength = 0
  for (let at = 0; at < list.length; at++) {
    let length = 0
    while (at + length < list.length && list[at + length] === 0) length++
    if (length > bestLength) {
      best = at
      bestLength = length
    }
    at += length
  }
  return [best, bestLength]
}
