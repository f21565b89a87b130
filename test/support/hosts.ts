// Hosts for tests of what chooses among them.

import { socketAddress } from '../../src/proxy/stream/address.ts'
import { NO_METADATA } from '../../src/proxy/stream/metadata.ts'
import { Host } from '../../src/proxy/cluster/host.ts'
import type { HostDescription } from '../../src/proxy/cluster/host.ts'

/** A healthy endpoint whose address prints as `name`. */
export function testEndpoint(name: string, more: Partial<HostDescription> = {}): HostDescription {
  return {
    target: { kind: 'socket', ip: name, port: 80 },
    address: { ...socketAddress('10.0.0.1', 80), text: name },
    hostname: '',
    weight: 1,
    priority: 0,
    region: '',
    zone: '',
    subZone: '',
    localityWeight: 0,
    health: 'healthy',
    metadata: NO_METADATA,
    ...more,
  }
}

export function testHost(name: string, more: Partial<HostDescription> = {}): Host {
  return new Host(testEndpoint(name, more))
}
