// The demo's script, requests.txt: a request and the expected answer per line, in a form that needs no explanation:
//
//   reviews  GET /reviews/1  x-user: beta  -> 200 by route beta from reviews-v2
//   reviews  GET /admin                    -> 404
//   reviews  as shop/cart  GET /reviews/1  -> 200 from reviews-v1
//
// Pure: text in, requests out; answers in, verdicts out.

export interface ScriptedRequest {
  readonly service: string
  /** `namespace/account` of the client; undefined for the one that calls unless something else is said. */
  readonly caller: string | undefined
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Sent that many times (`20x GET …`); each of `backends` must then have answered at least once. */
  readonly times: number
  readonly status: number
  /** The value of the response header x-route, which the routes of the example set. */
  readonly route: string | undefined
  /** Names of pods without their number, or of a service's version: `reviews-v1`. */
  readonly backends: readonly string[]
}

/** What came back for one sending of a request. */
export interface Answer {
  readonly status: number
  readonly route: string | undefined
  /** The app and version that answered, e.g. `reviews-v2`; undefined when the proxy itself did. */
  readonly backend: string | undefined
}

const line =
  /^(?<service>\S+)\s+(?:as (?<caller>[-a-z0-9]+\/[-a-z0-9.]+)\s+)?(?:(?<times>\d+)x\s+)?(?<method>[A-Z]+)\s+(?<path>\/\S*)(?<headers>(?:\s+[\w-]+:\s*\S+)*)\s+->\s+(?<status>\d{3})(?:\s+by route (?<route>\S+))?(?:\s+from (?<backends>\S+(?: and \S+)*))?$/

/** Throws with the line that it cannot read. Empty lines and those that begin with # are comments. */
export function parseRequests(text: string): ScriptedRequest[] {
  const requests: ScriptedRequest[] = []
  for (const [at, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const groups = line.exec(trimmed)?.groups
    if (groups === undefined) throw new Error(`requests.txt:${at + 1}: cannot read ${JSON.stringify(trimmed)}`)
    requests.push({
      service: groups['service'],
      caller: groups['caller'],
      method: groups['method'],
      path: groups['path'],
      headers: [...groups['headers'].matchAll(/([\w-]+):\s*(\S+)/g)].map((match) => [match[1], match[2]]),
      times: Number(groups['times'] ?? 1),
      status: Number(groups['status']),
      route: groups['route'],
      backends: groups['backends']?.split(' and ') ?? [],
    })
  }
  return requests
}

/** What is wrong with the answers, or undefined when all are as expected. */
export function verdict(request: ScriptedRequest, answers: readonly Answer[]): string | undefined {
  if (answers.length !== request.times) return `${answers.length} answers to ${request.times} requests`
  for (const answer of answers) {
    if (answer.status !== request.status) return `status ${answer.status} in place of ${request.status}`
    if (answer.route !== request.route) return `route ${answer.route ?? 'none'} in place of ${request.route ?? 'none'}`
    if (answer.backend === undefined ? request.backends.length > 0 : !request.backends.includes(answer.backend)) {
      return `answered by ${answer.backend ?? 'the waypoint'} in place of ${request.backends.join(' or ') || 'the waypoint'}`
    }
  }
  const missing = request.backends.find((backend) => !answers.some((answer) => answer.backend === backend))
  return missing === undefined ? undefined : `${missing} answered none of ${request.times} requests`
}

/** `reviews-v1 16, reviews-v2 4`: who answered, most first. */
export function countBackends(answers: readonly Answer[]): string {
  const counts = new Map<string, number>()
  for (const { backend } of answers) if (backend !== undefined) counts.set(backend, (counts.get(backend) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1])
  if (answers.length === 1) return sorted[0]?.[0] ?? '-'
  return sorted.map(([backend, count]) => `${backend} ${count}`).join(', ') || '-'
}

/** The shell command that sends the request by hand. */
export function curlCommand(request: ScriptedRequest, port: number): string {
  const parts = ['curl']
  if (request.method !== 'GET') parts.push(`-X ${request.method}`)
  for (const [name, value] of request.headers) parts.push(`-H '${name}: ${value}'`)
  if (request.backends.length === 0) parts.push('-i')
  const url = `http://127.0.0.1:${port}${request.path}`
  parts.push(/[?&*]/.test(url) ? `'${url}'` : url)
  return parts.join(' ')
}
