// Latin1 text in buffers, as header names and values are: read and written by the cheapest way for their length (measured).

/** Node's own functions, which its type definitions leave out; `toString` and `write` go through checks that cost as much again. */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string
  latin1Write(text: string, offset: number, length: number): number
}

/** Numbers, mostly: up to here characters one by one are cheaper than a call into the runtime. */
const TINY_TEXT = 4

/** The octets [start…end) as text. The range must lie in the buffer. */
export function readLatin1(buffer: Buffer, start: number, end: number): string {
  if (end - start > TINY_TEXT) return (buffer as unknown as Latin1Buffer).latin1Slice(start, end)
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(buffer[i])
  return text
}

/** Up to here a loop is as fast as a call into the runtime. */
const SHORT_TEXT = 12

/** Writes the characters' low octets at `offset`, where there must be room, and returns the offset behind them. */
export function writeLatin1(buffer: Buffer, offset: number, text: string): number {
  const length = text.length
  if (length > SHORT_TEXT) (buffer as unknown as Latin1Buffer).latin1Write(text, offset, length)
  else for (let i = 0; i < length; i++) buffer[offset + i] = text.charCodeAt(i)
  return offset + length
}
