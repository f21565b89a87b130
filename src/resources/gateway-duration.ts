// Durations as Gateway API writes them (GEP-2257): one to four groups of a number and h, m, s or ms, summed.

/** Milliseconds, or undefined when the text is not such a duration. */
export function parseGatewayDuration(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(h|ms|m|s)/g)) totalMs += Number(amount) * unitMs[unit as Unit]
  return totalMs
}

const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }
type Unit = keyof typeof unitMs
