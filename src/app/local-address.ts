// The address by which others know this machine.

import type { NetworkInterfaceInfo } from 'node:os'

/** The first IPv4 address that is not the loopback's, as Envoy picks it; 127.0.0.1 without one. */
export function localAddress(interfaces: Readonly<Record<string, NetworkInterfaceInfo[] | undefined>>): string {
  for (const addresses of Object.values(interfaces)) {
    const found = addresses?.find((one) => one.family === 'IPv4' && !one.internal)
    if (found !== undefined) return found.address
  }
  return '127.0.0.1'
}
