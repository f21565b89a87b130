// Durations as Go writes them, which Istio's kinds take: `1h30m`, `1.5s`, `100ms`. Gateway API's are narrower (gateway-duration.ts).

const wellFormed = /^(\d+(\.\d*)?|\.\d+)(h|m|s|ms|us|µs|ns)((\d+(\.\d*)?|\.\d+)(h|m|s|ms|us|µs|ns))*$/
const part = /([\d.]+)(h|ms|m|s|us|µs|ns)/g

const millisecondsPer: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
}

/** Milliseconds, or undefined if the text is no duration. Negative ones are none: nothing here can take them. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!wellFormed.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(part)) total += Number(amount) * millisecondsPer[unit]
  return total
}
