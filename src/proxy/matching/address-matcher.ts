// Address ranges of both APIs (envoy.config.core.v3.CidrRange, xds.core.v3.CidrRange) as tests on an IP's text.

import type { CidrRange as EnvoyCidrRange } from '../../envoy/generated/envoy/config/core/v3/address_pb.js'
import type { CidrRange as XdsCidrRange } from '../../envoy/generated/xds/core/v3/cidr_pb.js'
import { CidrTable, parseCidr } from '../../lib/cidr.ts'
import type { CidrRange } from '../../lib/cidr.ts'
import type { Problems } from '../../lib/problems.ts'

/** Undefined, and a problem noted, if the prefix is no IP address. Without prefix_len the length is 0, as in Envoy. */
export function compileCidrRange(range: EnvoyCidrRange | XdsCidrRange, problems: Problems): CidrRange | undefined {
  const parsed = parseCidr(range.addressPrefix, range.prefixLen ?? 0)
  if (parsed === undefined) problems.at('address_prefix').add(`"${range.addressPrefix}" is not an IP address`)
  return parsed
}

/** Whether an address lies in any of the ranges; false for what is no IP address. */
export function compileCidrRanges(
  ranges: readonly (EnvoyCidrRange | XdsCidrRange)[],
  problems: Problems,
): (ip: string) => boolean {
  const table = new CidrTable<true>()
  for (const [i, range] of ranges.entries()) {
    const parsed = compileCidrRange(range, problems.at(i))
    if (parsed !== undefined) table.add(parsed, true)
  }
  return (ip) => table.lookup(ip) === true
}
