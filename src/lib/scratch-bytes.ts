// The octets of a text for as long as a function works on them, without a buffer per text.

let scratch = Buffer.alloc(256)

/** Text of one character per octet as octets. What lies behind them is arbitrary; valid until the next call. */
export function scratchBytes(text: string): Buffer {
  if (text.length > scratch.length) scratch = Buffer.alloc(2 * text.length)
  scratch.write(text, 'latin1')
  return scratch
}
