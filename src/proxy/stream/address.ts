// Addresses as Envoy prints them, and back.

import { isIP, isIPv6 } from 'node:net'
import type { Address } from './connection-facts.ts'

export function socketAddress(ip: string, port: number): Address {
  const plain = ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
  return { text: isIPv6(plain) ? `[${plain}]:${port}` : `${plain}:${port}`, ip: plain, port }
}

/** The address of an internal listener: `envoy://listener/endpoint`. */
export function internalAddress(listener: string, endpointId: string): Address {
  return { text: `envoy://${listener}/${endpointId}`, ip: '', port: 0 }
}

/** What a connection that came from inside has as its remote end, as Envoy prints it. */
export const INTERNAL_CLIENT_ADDRESS = internalAddress('internal_client_address', '')

/** `10.0.0.1:80` or `[::1]:80`; undefined for anything else, host names included. */
export function parseSocketAddress(text: string): Address | undefined {
  const colon = text.lastIndexOf(':')
  if (colon <= 0) return undefined
  const portText = text.slice(colon + 1)
  if (!/^\d{1,5}$/.test(portText)) return undefined
  const port = Number(portText)
  if (port > 65535) return undefined
  const bracketed = text.startsWith('[') && text[colon - 1] === ']'
  const ip = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon)
  const version = isIP(ip)
  if (version === 0 || (version === 6) !== bracketed) return undefined
  return socketAddress(ip, port)
}
