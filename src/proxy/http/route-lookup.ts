// From a request to its route: the virtual host by authority, then the first route of it that matches.

import type { RequestHeaderMap } from '../../codec/header-map.ts'
import type { RouteTable } from '../matching/route-table.ts'
import type { VirtualHostTable } from '../matching/virtual-host-table.ts'
import type { MatchTrace } from '../matching/match-trace.ts'
import type { StreamInfo } from '../stream/stream-info.ts'
import type { Route, VirtualHostFacts } from './route-config.ts'
import { mustUseTls, TLS_REDIRECT } from './tls-redirect.ts'

export interface VirtualHostRoutes {
  readonly facts: VirtualHostFacts
  readonly routes: RouteTable<Route>
}

export class RouteLookup {
  private readonly hosts: VirtualHostTable<VirtualHostRoutes>

  constructor(hosts: VirtualHostTable<VirtualHostRoutes>) {
    this.hosts = hosts
  }

  find(headers: RequestHeaderMap, info: StreamInfo, trace?: MatchTrace): Route | undefined {
    const host = this.hosts.find(headers.authority, trace)
    if (host === undefined) return undefined
    if (mustUseTls(host.facts, headers)) {
      trace?.add(`require_tls of virtual host "${host.facts.name}"`, 'redirected to https')
      return TLS_REDIRECT
    }
    return host.routes.find(info, Math.floor(Math.random() * 0x1_0000_0000), trace)
  }
}
