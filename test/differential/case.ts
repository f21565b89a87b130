// The data of a differential case: the configuration of one service behind the waypoint, its pods, and what is sent to it.
// It says nothing about the proxy that carries it.

import type { ByteTunnel } from '../support/byte-tunnel.ts'
import type { ConnectAnswer } from '../support/hbone-client.ts'
import type { ConnectReply } from '../support/hbone-backend.ts'
import type { PodRecorder } from './records.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
export type JsonObject = { readonly [key: string]: Json | undefined }

export const GROUPS = [
  'matching',
  'headers',
  'http1',
  'http2',
  'tunnel',
  'errors',
  'jwt',
  'ext-authz',
  'cors',
  'fault',
  'mirror',
  'rbac',
  'balancing',
  'filters',
  'retries',
] as const
export type Group = (typeof GROUPS)[number]

/** A pod: what it does with a tunnel, and how it is reached. */
export interface PodSpec {
  readonly program: PodProgram
  /** `hbone` (default), `plain` for a pod outside the mesh, `absent` for an address where nobody listens. */
  readonly reach?: 'hbone' | 'plain' | 'absent'
  /** Answer to the CONNECT of the n-th connection, default status 200. */
  readonly reply?: (ordinal: number) => ConnectReply
  /** Namespace and service account in its certificate. */
  readonly identity?: readonly [namespace: string, serviceAccount: string]
}

export type PodProgram = (tunnel: ByteTunnel, recorder: PodRecorder) => void | Promise<void>

/** A cluster of the service; its name in the configuration is `<<key>>`, replaced everywhere by a name of the case's own. */
export interface ClusterSpec {
  readonly pods: readonly string[]
  /** Speak HTTP/2 to the pods. */
  readonly http2?: boolean
  /** Merged over the cluster. */
  readonly extra?: JsonObject
}

/** One service: a virtual IP and port with a filter chain of its own. Everything has a default that istiod would send. */
export interface ServiceSpec {
  /**
   * `http` (port 80), `tcp` (port 90), `auto` (port 85, sniffed: an HTTP chain and a TCP chain), or `direct`: the client
   * addresses the first pod itself and the waypoint's `direct-http` or `direct-tcp` chain takes it.
   */
  readonly protocol?: 'http' | 'tcp' | 'auto' | 'direct'
  /** Routes of the one virtual host `*`. */
  readonly routes?: readonly JsonObject[]
  /** Instead of `routes`. */
  readonly virtualHosts?: readonly JsonObject[]
  /** Merged over the virtual host made from `routes`. */
  readonly virtualHost?: JsonObject
  /** Merged over the route configuration. */
  readonly routeConfig?: JsonObject
  /** Merged over the connection manager. */
  readonly hcm?: JsonObject
  /** HTTP filters before the router. */
  readonly filters?: readonly JsonObject[]
  /** Network filters before the connection manager or the TCP proxy. */
  readonly networkFilters?: readonly JsonObject[]
  /** Merged over the TCP proxy. */
  readonly tcp?: JsonObject
  /** Default: `backend` with the pod `a`. */
  readonly clusters?: Readonly<Record<string, ClusterSpec>>
}

/** What a case may do to the waypoint, and where it writes down what it saw. */
export interface Actor {
  /** The service's address, `IP:port`, the authority of its CONNECT. */
  readonly service: string
  /** Opens a tunnel to the service (or `authority`) as the case's client, on the case's HBONE connection. */
  open(options?: OpenOptions): Promise<ConnectAnswer>
  /** Opens a TLS connection to the waypoint and leaves what to send to the case; rejects when the handshake fails. */
  dialRaw(options?: DialOptions): Promise<ByteTunnel>
  /** Adds an observation to the record, in order. */
  note(label: string, value: unknown): void
  /** Resolves when `condition` holds, checked every few milliseconds; false after `timeoutMs`. */
  poll(condition: () => boolean, timeoutMs?: number): Promise<boolean>
  /** What the pods have seen up to now. */
  seenByPods(): number
}

export interface OpenOptions extends DialOptions {
  readonly authority?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly early?: string
  /** Use a new HBONE connection instead of the case's first. */
  readonly fresh?: boolean
}

export interface DialOptions {
  /** Namespace and service account of the client certificate; `none` presents none, `foreign` one of another root. */
  readonly identity?: readonly [namespace: string, serviceAccount: string] | 'none' | 'foreign' | 'foreign-trust-domain'
  readonly alpn?: readonly string[]
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
}

export interface DifferentialCase {
  readonly name: string
  readonly group: Group
  readonly service?: ServiceSpec
  /** The pods by name, made anew for each run since their programs may count. */
  readonly pods: () => Readonly<Record<string, PodSpec>>
  readonly exchange: (actor: Actor) => Promise<void>
  /** Configuration that Cairn still refuses by name: the case waits until it does not, unless `--later` is given. */
  readonly later?: string
  /** Which access logs are compared besides that of the service's chain. */
  readonly logs?: readonly ('terminate' | 'originate')[]
  /** Compare whether the tunnel ended by END_STREAM or by RST_STREAM; otherwise only that it ended. */
  readonly exactEnding?: boolean
  /** What different pods have seen is compared without regard to which of them saw it first. */
  readonly podsInAnyOrder?: boolean
}

/** A case as its file writes it; without `pods` there is one pod `a` that echoes HTTP/1 requests. */
export type CaseBody = Omit<DifferentialCase, 'name' | 'group' | 'pods'> & Partial<Pick<DifferentialCase, 'pods'>>
