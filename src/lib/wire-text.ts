// Header values are kept one character per octet (latin1), configuration is Unicode text. What is compared with header
// values, or becomes one, is converted once, when configuration is built.

/** The octets of `text` in UTF-8, as header values hold them. ASCII stays as it is. */
export function toWireText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The text that a header value's octets spell, if they are UTF-8 (what is not becomes U+FFFD). */
export function fromWireText(value: string): string {
  return isAscii(value) ? value : Buffer.from(value, 'latin1').toString('utf8')
}

/** Lower-cases A-Z only, as Envoy compares without regard to case. */
export function asciiLower(text: string): string {
  return isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
