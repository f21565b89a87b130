// The access logs of the three hops: their formats, and the way from log files back to the cases that caused the lines.

import { readFile } from 'node:fs/promises'
import type { JsonObject } from './case.ts'

const COMMON: JsonObject = {
  address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  client: '%DOWNSTREAM_REMOTE_ADDRESS%',
  code: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  details: '%RESPONSE_CODE_DETAILS%',
  termination: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  cluster: '%UPSTREAM_CLUSTER%',
  host: '%UPSTREAM_HOST%',
}

/** Every connection manager logs this, one line per request. */
export const HTTP_LOG_FORMAT: JsonObject = {
  ...COMMON,
  protocol: '%PROTOCOL%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  authority: '%REQ(:AUTHORITY)%',
  route: '%ROUTE_NAME%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  rbac: '%DYNAMIC_METADATA(envoy.filters.http.rbac)%',
}

/** Every TCP proxy logs this, one line per connection. */
export const TCP_LOG_FORMAT: JsonObject = { ...COMMON, rbac: '%DYNAMIC_METADATA(envoy.filters.network.rbac)%' }

/** One line of any of the logs. */
export type LogLine = Readonly<Record<string, unknown>>

/** The complete lines of a log file so far; a file that does not exist yet has none. Throws on a line that is not JSON. */
export async function readLog(file: string): Promise<LogLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine)
}

/** The IP of the address in `field`, which is unique to a case: its service's or that of one of its pods. */
export function addressOf(line: LogLine, field: 'address' | 'authority'): string {
  return String(line[field]).split(':')[0]
}
