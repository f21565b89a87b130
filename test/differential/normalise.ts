// Replaces what two correct runs must differ in (times, generated ids, ephemeral ports) by its type, after checking its
// form: a malformed date stays as it is and so becomes a difference.

const DATE =
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT/g
// The digit at the head of the third group carries the tracing decision and is compared. Ids that a case sends start with 00000000.
const GENERATED_ID = /\b(?!00000000-)[0-9a-f]{8}-[0-9a-f]{4}-([49ab])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g
const SERVICE_TIME = /^(x-envoy-upstream-service-time: )\d+$/i
const CLIENT_PORT = /127\.0\.0\.1:\d{4,5}/g

/** What differs between runs of the harness itself. */
export interface RunAddresses {
  /** Second octet of all service and pod addresses of this run. */
  readonly network: number
  readonly hbonePort: number
}

/** Returns a deep copy with every string normalised. */
export function normalise(value: unknown, run: RunAddresses): unknown {
  if (typeof value === 'string') return normaliseText(value, run)
  if (Array.isArray(value)) return value.map((item) => normalise(item, run))
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = normalise(item, run)
  return copy
}

function normaliseText(text: string, run: RunAddresses): string {
  return text
    .replace(DATE, '<date>')
    .replace(GENERATED_ID, '<uuid $1>')
    .replace(SERVICE_TIME, '$1<ms>')
    .replace(CLIENT_PORT, '127.0.0.1:<port>')
    .replaceAll(`127.${run.network}.`, '127.80.')
    .replaceAll(`:${run.hbonePort}`, ':<hbone>')
}

/** A tunnel's ending where only the fact of the end is compared. */
export function coarseEnding(ending: string | undefined): string {
  return ending === undefined ? 'open' : 'ended'
}
