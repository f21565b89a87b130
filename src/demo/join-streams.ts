// Joins two byte streams both ways, with backpressure and half-close, as a tunnel's end does.

import type { Duplex } from 'node:stream'

/**
 * What one side sends, the other gets; an end of one direction ends that direction only. When a side breaks, the other gets
 * a plain end, since HTTP/2 tunnels carry no resets (a ztunnel does the same).
 */
export function joinStreams(a: Duplex, b: Duplex): void {
  a.pipe(b)
  b.pipe(a)
  followBreak(a, b)
  followBreak(b, a)
}

function followBreak(from: Duplex, to: Duplex): void {
  from.on('error', () => {})
  from.once('close', () => {
    if (!to.writableEnded) to.end()
    // Nobody takes what the other still sends; it must not wait for ever.
    to.resume()
  })
}
