// What every part of the bench receives and returns.

import type { LoadJob, LoadReport } from './load/load-job.ts'
import type { Rig, RunningSubject } from './rig.ts'
import type { Subject } from './subject.ts'
import { routePaths, serviceAuthority, serviceHost } from './waypoint-config.ts'

export interface BenchOptions {
  pairs: number
  countMs: number
  warmUpMs: number
  headlineMs: number
  cairnResourcesCommand: string
}

export interface BenchContext {
  rig: Rig
  subjects: Subject[]
  options: BenchOptions
  print: (line: string) => void
}

/** A promise of the project, kept or not. */
export interface Check {
  text: string
  isMet: boolean
}

/** One table of the report, and the figures behind it. */
export interface Section {
  name: string
  title: string
  /** What the reader must know to read the table. */
  note: string
  columns: string[]
  rows: string[][]
  checks: Check[]
  data: unknown
}

/** The figures of one run of load against one subject. */
export interface Run {
  subject: string
  usPerRequest: number
  requestsPerSecond: number
  /** Share of one core that the subject used, and that everything but subject, generator and backend used. */
  subjectCores: number
  loadCores: number
  otherCores: number
  rssBytes: number
  report: LoadReport
}

/** Load on a waypoint as it usually is: one identity, HBONE, the paths of the configuration in turn. */
export function waypointJob(
  context: BenchContext,
  running: RunningSubject,
  shape: { connections: number; tunnelsPerConnection: number; answerBytes: number; routes?: number },
): LoadJob {
  const { rig, options } = context
  return {
    carrier: 'hbone',
    host: '127.0.0.1',
    port: running.ports.listenPort,
    identity: rig.client,
    authority: serviceAuthority,
    requestHost: serviceHost,
    connections: shape.connections,
    tunnelsPerConnection: shape.tunnelsPerConnection,
    answerBytes: shape.answerBytes,
    paths: routePaths(shape.routes ?? 1),
    pace: { kind: 'closed' },
    warmUpMs: options.warmUpMs,
    countMs: options.countMs,
    watchedPids: [running.pid, rig.backendPid],
  }
}

/** Turns the report of a job that watched [subject, backend] into figures. */
export function toRun(subject: string, report: LoadReport): Run {
  const [proxy, backend] = report.processes
  const elapsedNs = report.elapsedMs * 1e6
  const loadNs = report.generatorCpuNs + (backend?.cpuNs ?? 0)
  return {
    subject,
    usPerRequest: proxy.cpuNs / 1000 / report.answers,
    requestsPerSecond: (report.answers * 1000) / report.elapsedMs,
    subjectCores: proxy.cpuNs / elapsedNs,
    loadCores: loadNs / elapsedNs,
    otherCores: Math.max(0, (report.machineBusyNs - proxy.cpuNs - loadNs) / elapsedNs),
    rssBytes: proxy.rssBytes,
    report,
  }
}

export function describeRun(run: Run): string {
  const { report } = run
  const errors = Object.keys(report.errors).length > 0 ? ` ERRORS ${JSON.stringify(report.errors)}` : ''
  const disturbed = run.otherCores > 0.15 ? ` (disturbed: others used ${run.otherCores.toFixed(2)} cores)` : ''
  return (
    `${run.subject.padEnd(8)}${run.usPerRequest.toFixed(1).padStart(8)} us/request ` +
    `${Math.round(run.requestsPerSecond).toString().padStart(7)} rps  cores: proxy ${run.subjectCores.toFixed(2)} ` +
    `load ${run.loadCores.toFixed(2)}  p50 ${milliseconds(report.p50Us)} p99 ${milliseconds(report.p99Us)} ms  ` +
    `RSS ${megabytes(run.rssBytes)} MB${errors}${disturbed}`
  )
}

export function countErrors(report: LoadReport): number {
  return Object.values(report.errors).reduce((sum, count) => sum + count, 0)
}

/** No answer may be wrong or missing, whoever is measured: otherwise the figures mean nothing. */
export function checkErrors(what: string, runs: Run[]): Check[] {
  const checks: Check[] = []
  for (const run of runs) {
    const errors = countErrors(run.report)
    if (errors > 0) checks.push({ text: `${what}: ${run.subject} made ${errors} errors`, isMet: false })
  }
  return checks
}

export function checkLimit(what: string, value: number, limit: number, unit = ''): Check {
  const text = `${what}: ${value.toFixed(2)}${unit}, at most ${limit.toFixed(2)}${unit}`
  return { text, isMet: value <= limit }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function milliseconds(us: number): string {
  return (us / 1000).toFixed(us < 10_000 ? 2 : 1)
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
