import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from '@jest/globals'
import { localAddress } from './local-address.ts'

function at(address: string, internal: boolean): NetworkInterfaceInfo {
  const family = address.includes(':') ? 'IPv6' : 'IPv4'
  return { address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }
}

test('the address of the machine is its first IPv4 address that is not the loopback’s', () => {
  expect(
    localAddress({
      lo: [at('127.0.0.1', true)],
      eth0: [at('fe80::1', false), at('192.0.2.2', false)],
      eth1: undefined,
    }),
  ).toBe('192.0.2.2')
  expect(localAddress({ lo: [at('127.0.0.1', true), at('::1', true)] })).toBe('127.0.0.1')
})
