// gRPC's Length-Prefixed-Message (gRPC over HTTP/2, Requests): a compression flag, four bytes of length, the message.

const PREFIX_BYTES = 5

/** The frame of one message that is not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}

/** The message of a body that is exactly one frame; undefined for anything else, and for compressed messages. */
export function unframeMessage(body: Buffer): Buffer | undefined {
  if (body.length < PREFIX_BYTES || body[0] !== 0) return undefined
  return body.readUInt32BE(1) === body.length - PREFIX_BYTES ? body.subarray(PREFIX_BYTES) : undefined
}
