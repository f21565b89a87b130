// The one reader of Content-Length for both directions.

/**
 * The number of octets, or -1 for anything but digits (RFC 9110 8.6) or a number above 2^53 - 1, which no body reaches and
 * which JavaScript could not count exactly.
 */
export function parseContentLength(text: string): number {
  const digits = text.length
  if (digits === 0) return -1
  let value = 0
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return -1
  }
  return value
}
