// From a request to its route: the virtual host by authority, then the first route of it that matches.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { RouteTable } from '../matching/route-table.ts'
import type { VirtualHostTable } from '../matching/virtual-host-table.ts'
import type { MatchTrace } from '../matching/match-trace.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { Route } from './route-config.ts'

export class RouteLookup {
  private readonly hosts: VirtualHostTable<RouteTable<Route>>

  constructor(hosts: VirtualHostTable<RouteTable<Route>>) {
    this.hosts = hosts
  }

  find(headers: RequestHeaderMap, info: StreamInfo, trace?: MatchTrace): Route | undefined {
    const table = this.hosts.find(headers.authority, trace)
    return table?.find(info, Math.floor(Math.random() * 0x1_0000_0000), trace)
  }
}
