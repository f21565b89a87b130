// What a test of the Gateway API's mesh conformance suite consists of: routes to apply, requests to send, answers to expect.

export interface ConformanceCase {
  /** The test's ShortName in the suite. */
  readonly name: string
  readonly routes: readonly object[]
  readonly requests: readonly MeshRequest[]
  readonly split?: TrafficSplit
}

export interface MeshRequest {
  /** The pod that sends it. Default: echo-v1 of the mesh namespace. */
  readonly from?: 'consumer'
  readonly to: Target
  /** Default: `/`. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly expect: Expectation
}

/** A Service's name, its port (default 80), and how it is spoken to. */
export interface Target {
  readonly service: 'echo' | 'echo-v1' | 'echo-v2'
  readonly port?: number
  /** Dial the pod behind the Service instead of the Service. */
  readonly pod?: boolean
  readonly grpc?: boolean
}

export interface Expectation {
  /** Default: 200. */
  readonly status?: number
  /** How the name of the answering pod begins; undefined: whichever, or none. */
  readonly backend?: string
  /** Headers that the backend saw, lines of one name joined by a comma without a space. */
  readonly headers?: Readonly<Record<string, string>>
  readonly absentHeaders?: readonly string[]
  readonly responseHeaders?: Readonly<Record<string, string>>
  readonly absentResponseHeaders?: readonly string[]
  /** Not looked at by the suite: where a redirect leads, and the path that the backend saw. */
  readonly location?: string
  readonly path?: string
}

/** Many requests whose answers must be shared so. */
export interface TrafficSplit {
  readonly request: MeshRequest
  readonly shares: Readonly<Record<string, number>>
}

export const MESH = 'gateway-conformance-mesh'
export const CONSUMER = 'gateway-conformance-mesh-consumer'

interface RouteOptions {
  readonly name: string
  readonly namespace?: string
  /** The Service that is the parent, in the mesh namespace. */
  readonly parent: { readonly name: string; readonly port?: number }
  readonly rules: readonly object[]
}

export function httpRoute(options: RouteOptions): object {
  return route('HTTPRoute', options)
}

export function grpcRoute(options: RouteOptions): object {
  return route('GRPCRoute', options)
}

function route(kind: string, { name, namespace = MESH, parent, rules }: RouteOptions): object {
  const parentRefs = [{ group: '', kind: 'Service', namespace: MESH, ...parent }]
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name, namespace },
    spec: { parentRefs, rules },
  }
}

export const v1 = { name: 'echo-v1', port: 8080 }
export const v2 = { name: 'echo-v2', port: 8080 }

export function prefix(value: string): object {
  return { path: { type: 'PathPrefix', value } }
}

/** A request to `echo` for a path. */
export function get(path: string, expect: Expectation, headers: Readonly<Record<string, string>> = {}): MeshRequest {
  return { to: { service: 'echo' }, path, headers, expect }
}
