// Turns single arguments into values, or says what was expected.

import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'
import type { ObjectName, SocketName } from '../app/command-options.ts'

/** `NAMESPACE/NAME` */
export function objectName(text: string): ObjectName {
  const match = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Write NAMESPACE/NAME, for example demo/waypoint.')
  return { namespace: match[1], name: match[2] }
}

/** `IP:PORT`, `[IPv6]:PORT` or `PORT`, which is on 127.0.0.1. */
export function socketName(text: string): SocketName {
  const match = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2] ?? '127.0.0.1'
  if (match === null || isIP(host) === 0 || Number(match[3]) > 65535) {
    throw new InvalidArgumentError('Write IP:PORT, for example 127.0.0.1:15000 or [::1]:15000.')
  }
  return { host, port: Number(match[3]) }
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Write a number above 0.')
  return Number(text)
}

/** `45s`, `500ms`, `2m`; a number alone is seconds. Returns milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d{1,8}(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Write a duration such as 45s, 500ms or 2m.')
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000
  return Number(match[1]) * unitMs
}

export function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError('Write a port from 0 to 65535.')
  return Number(text)
}
