// Where an HTTP/1.1 head ends. Both ends of the load look for it once a message, so it is worth a fast search.

const lf = 0x0a
const cr = 0x0d

/** Index after the blank line of the head in `chunk[start…end)`, or -1. Looks at every fourth byte, as Boyer and Moore do. */
export function findHeadEnd(chunk: Buffer, start: number, end: number): number {
  let at = start + 3
  while (at < end) {
    const byte = chunk[at]
    if (byte === lf) {
      if (chunk[at - 1] === cr && chunk[at - 2] === lf && chunk[at - 3] === cr) return at + 1
      at += 2
    } else if (byte === cr) {
      at += 1
    } else {
      at += 4
    }
  }
  return -1
}
