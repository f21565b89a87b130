// What the bench asks of a load generator and what it gets back; travels as JSON between the two processes.

import type { IdentityFiles } from '../../support/certificates.ts'

export interface LoadJob {
  /** `hbone`: each request stream is a CONNECT tunnel. `tls`: each is a TLS connection of its own, as to a sidecar. */
  carrier: 'hbone' | 'tls'
  host: string
  port: number
  identity: IdentityFiles
  /** The authority of CONNECT and the Host of the requests inside. */
  authority: string
  requestHost: string
  connections: number
  tunnelsPerConnection: number
  /** Requests take these paths in turn. */
  paths: string[]
  answerBytes: number
  /** `closed`: every tunnel always has one request under way. `open`: each connection sends at its own pace. */
  pace: { kind: 'closed' } | { kind: 'open'; perSecondPerConnection: number }
  warmUpMs: number
  countMs: number
  /** Processes whose CPU and memory are read at both ends of the counted time; the first is the subject. */
  watchedPids: number[]
}

/** Keeps tunnels open, each after one answered request, until told to let go. */
export interface HoldJob extends Omit<LoadJob, 'pace' | 'warmUpMs' | 'countMs' | 'watchedPids'> {
  hold: true
}

export interface ProcessReport {
  pid: number
  cpuNs: number
  rssBytes: number
  peakRssBytes: number
}

export interface LoadReport {
  /** Right answers within the counted time, and that time. */
  answers: number
  elapsedMs: number
  p50Us: number
  p99Us: number
  maxUs: number
  /** What went wrong, by kind, warm-up included; empty when nothing did. */
  errors: Record<string, number>
  /** Tunnels and connections that the peer closed politely between two requests, and that were opened again. */
  reopenedTunnels: number
  reopenedConnections: number
  /** How late the open-loop clock ticked: the generator's own contribution to latency. */
  clockLagP99Us: number
  processes: ProcessReport[]
  generatorCpuNs: number
  /** Busy CPU of everything on the machine in that time, this bench included. */
  machineBusyNs: number
}

export type ToGenerator = { job: LoadJob } | { job: HoldJob } | { release: true }
export type FromGenerator =
  { counting: true } | { report: LoadReport } | { held: number; errors: Record<string, number> }
