// Field names that are common enough to have their string ready: found by a hash of their bytes, in any case, without making a
// string first. The table is fixed, so no peer can fill it.

import { TOKEN_TO_LOWER } from './characters.ts'

/** Fields that the codec itself looks at; all others are ORDINARY. */
export const ORDINARY = 0
export const HOST = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const UPGRADE = 5
export const TE = 6
export const HTTP2_SETTINGS = 7
export const PROXY_CONNECTION = 8

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['host', HOST],
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['connection', CONNECTION],
  ['upgrade', UPGRADE],
  ['te', TE],
  ['http2-settings', HTTP2_SETTINGS],
  ['proxy-connection', PROXY_CONNECTION],
])

const ORDINARY_NAMES = `accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization b3
baggage cache-control content-disposition content-encoding content-language content-location content-md5 content-range
content-security-policy content-type cookie date dnt early-data etag expect expires forwarded from grpc-accept-encoding
grpc-encoding grpc-message grpc-status grpc-timeout if-match if-modified-since if-none-match if-range if-unmodified-since
keep-alive last-modified link location max-forwards origin permissions-policy pragma priority proxy-authenticate
proxy-authorization range referer referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest
sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions sec-websocket-key
sec-websocket-protocol sec-websocket-version server server-timing set-cookie strict-transport-security
timing-allow-origin traceparent tracestate trailer upgrade-insecure-requests user-agent vary via warning www-authenticate
x-amzn-trace-id x-api-key x-b3-flags x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-client-trace-id
x-content-type-options x-correlation-id x-envoy-attempt-count x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms
x-envoy-max-retries x-envoy-original-path x-envoy-peer-metadata x-envoy-peer-metadata-id x-envoy-retry-on
x-envoy-upstream-rq-timeout-ms x-envoy-upstream-service-time x-forwarded-client-cert x-forwarded-for x-forwarded-host
x-forwarded-port x-forwarded-proto x-frame-options x-powered-by x-ratelimit-limit x-ratelimit-remaining
x-ratelimit-reset x-real-ip x-request-id x-requested-with x-xss-protection`

/** Four times as many slots as names keeps nearly every lookup at one probe. */
const SLOT_COUNT = 1024
const SLOT_MASK = SLOT_COUNT - 1

/** By index; the kinds are parallel. */
export const KNOWN_NAMES: string[] = []
export const KNOWN_KINDS: number[] = []
/** Index into the two above plus 1, or 0 for a free slot. */
const SLOTS = new Uint16Array(SLOT_COUNT)

/** One step of the hash; the octet is lower-case. */
export function hashStep(hash: number, lowerCaseOctet: number): number {
  return (Math.imul(hash, 31) + lowerCaseOctet) | 0
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 10)) & SLOT_MASK
}

/** Index into KNOWN_NAMES of the name bytes[start…end), whose hash is given; -1 for any other name. */
export function findKnownName(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const length = end - start
  for (let slot = slotOf(hash); SLOTS[slot] !== 0; slot = (slot + 1) & SLOT_MASK) {
    const index = SLOTS[slot] - 1
    const name = KNOWN_NAMES[index]
    if (name.length !== length) continue
    let i = 0
    while (i < length && name.charCodeAt(i) === TOKEN_TO_LOWER[bytes[start + i]]) i++
    if (i === length) return index
  }
  return -1
}

function addName(name: string, kind: number): void {
  let hash = 0
  for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i))
  let slot = slotOf(hash)
  while (SLOTS[slot] !== 0) slot = (slot + 1) & SLOT_MASK
  KNOWN_NAMES.push(name)
  KNOWN_KINDS.push(kind)
  SLOTS[slot] = KNOWN_NAMES.length
}

for (const [name, kind] of SPECIAL) addName(name, kind)
for (const name of ORDINARY_NAMES.split(/\s+/)) addName(name, ORDINARY)
