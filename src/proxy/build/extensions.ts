// Everything that can stand in a configuration, one line each. There is no other registration.

import { cors } from '../filters/cors.ts'
import { fault } from '../filters/fault/fault.ts'
import { extAuthz } from '../filters/ext-authz/ext-authz.ts'
import { jwtAuthn } from '../filters/jwt-authn/jwt-authn.ts'
import { grpcStats } from '../filters/grpc-stats/grpc-stats.ts'
import { grpcWeb } from '../filters/grpc-web/grpc-web.ts'
import { headerMutation } from '../filters/header-mutation.ts'
import { httpRbac } from '../filters/rbac.ts'
import { setHttpFilterState } from '../filters/set-filter-state.ts'
import type { HttpFilterFactory } from '../http/filter.ts'
import { httpInspector } from '../listener/http-inspector.ts'
import type { ListenerFilterFactory } from '../listener/listener-filter.ts'
import { originalDst } from '../listener/original-dst-filter.ts'
import { tlsInspector } from '../listener/tls-inspector.ts'
import { httpConnectionManager } from '../network/http-connection-manager.ts'
import type { NetworkFilterFactory } from '../network/network-filter.ts'
import { networkRbac } from '../network/rbac.ts'
import { setNetworkFilterState } from '../network/set-filter-state.ts'
import { tcpProxy } from '../network/tcp-proxy-filter.ts'

export const HTTP_FILTERS = [
  httpRbac,
  jwtAuthn,
  extAuthz,
  grpcWeb,
  fault,
  cors,
  grpcStats,
  headerMutation,
  setHttpFilterState,
] as unknown as readonly HttpFilterFactory[]

export const NETWORK_FILTERS = [
  httpConnectionManager,
  tcpProxy,
  networkRbac,
  setNetworkFilterState,
] as unknown as readonly NetworkFilterFactory[]

export const LISTENER_FILTERS = [
  originalDst,
  tlsInspector,
  httpInspector,
] as unknown as readonly ListenerFilterFactory[]
