// Huffman coding of HPACK strings (RFC 7541 5.2). Decoding walks tables of 8 bits each; encoding writes straight into the output.

import { EOS, HUFFMAN_CODES, HUFFMAN_LENGTHS } from './huffman-code.ts'

/** Most octets that one encoded octet can stand for is 8/5, the shortest code having 5 bits. */
export function huffmanDecodedBound(encodedLength: number): number {
  return ((encodedLength * 8) / 5 + 1) | 0
}

/**
 * One node is 256 entries, indexed by the next 8 bits. An entry is `bits << 9 | symbol` for a code that ends within them (bits
 * counts those used), or `-node` for a longer one.
 */
const NODE_SIZE = 256
const SYMBOL_MASK = 0x1ff
const DECODE_TABLE = buildDecodeTable()

function buildDecodeTable(): Int32Array {
  const nodes: Int32Array[] = [new Int32Array(NODE_SIZE)]
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let bitsLeft = HUFFMAN_LENGTHS[symbol]
    let node = 0
    for (; bitsLeft > 8; bitsLeft -= 8) {
      const at = (HUFFMAN_CODES[symbol] >>> (bitsLeft - 8)) & 0xff
      if (nodes[node][at] === 0) {
        nodes[node][at] = -nodes.length
        nodes.push(new Int32Array(NODE_SIZE))
      }
      node = -nodes[node][at]
    }
    const first = (HUFFMAN_CODES[symbol] << (8 - bitsLeft)) & 0xff
    nodes[node].fill((bitsLeft << 9) | symbol, first, first + (1 << (8 - bitsLeft)))
  }
  const table = new Int32Array(nodes.length * NODE_SIZE)
  nodes.forEach((node, index) => table.set(node, index * NODE_SIZE))
  return table
}

/**
 * Decodes source[start…end) into `target` from 0, which must have room for `huffmanDecodedBound` octets.
 * Returns the number of octets, or -1 when the coding is invalid (EOS inside, or padding that is too long or not of ones).
 */
export function huffmanDecode(source: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let written = 0
  let pending = 0
  let pendingBits = 0
  let node = 0
  for (let i = start; i < end; i++) {
    // At most 7 bits are left over from the last octet, so the accumulator stays far below 31 bits.
    pending = ((pending << 8) | source[i]) & 0x7fff
    pendingBits += 8
    while (pendingBits >= 8) {
      const entry = DECODE_TABLE[node + ((pending >>> (pendingBits - 8)) & 0xff)]
      if (entry > 0) {
        const symbol = entry & SYMBOL_MASK
        if (symbol === EOS) return -1
        target[written++] = symbol
        pendingBits -= entry >> 9
        node = 0
      } else {
        node = -entry * NODE_SIZE
        pendingBits -= 8
      }
    }
  }
  return finishDecoding(pending, pendingBits, node, target, written)
}

/** Decodes what the last bits still hold and checks the padding: at most 7 bits, all ones (RFC 7541 5.2). */
function finishDecoding(pending: number, bits: number, node: number, target: Uint8Array, length: number): number {
  let written = length
  let pendingBits = bits
  // Bits of the code that `node` stands for; the padding may not be that long, and node 0 stands for none.
  let strayBits = node === 0 ? bits : 8
  while (pendingBits > 0) {
    const entry = DECODE_TABLE[node + ((pending << (8 - pendingBits)) & 0xff)]
    const codeBits = entry >> 9
    if (entry <= 0 || codeBits > pendingBits || (entry & SYMBOL_MASK) === EOS) break
    target[written++] = entry & SYMBOL_MASK
    pendingBits -= codeBits
    strayBits = pendingBits
    node = 0
  }
  if (strayBits > 7) return -1
  const ones = (1 << pendingBits) - 1
  return (pending & ones) === ones ? written : -1
}

/** Octets of `text` (latin1) once encoded. */
export function huffmanEncodedLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += HUFFMAN_LENGTHS[text.charCodeAt(i) & 0xff]
  return (bits + 7) >> 3
}

/** Writes `text` (latin1) at `offset`, padded with ones; returns the offset behind it. */
export function huffmanEncode(text: string, target: Uint8Array, offset: number): number {
  let at = offset
  let pending = 0
  let pendingBits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff
    let bits = HUFFMAN_LENGTHS[symbol]
    const code = HUFFMAN_CODES[symbol]
    // Codes of up to 30 bits do not fit beside 7 pending ones in 32 bits: the head goes first.
    if (bits > 16) {
      bits -= 16
      pending = (pending << bits) | (code >>> 16)
      pendingBits += bits
      while (pendingBits >= 8) target[at++] = pending >>> (pendingBits -= 8)
      pending &= 0xff
      bits = 16
    }
    pending = (pending << bits) | (code & 0xffff & ((1 << bits) - 1))
    pendingBits += bits
    while (pendingBits >= 8) target[at++] = pending >>> (pendingBits -= 8)
    pending &= 0xff
  }
  if (pendingBits > 0) target[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits)
  return at
}
