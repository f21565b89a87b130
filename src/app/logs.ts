// Component logs, one pino logger per component with a level of its own that can be changed while running. Levels have
// Envoy's names at the rim and pino's inside.

import pino from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from './command-options.ts'

export const COMPONENTS = ['main', 'config', 'admin', 'access-log'] as const
export type Component = (typeof COMPONENTS)[number]

const PINO_LEVELS: Readonly<Record<LogLevel, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  off: 'silent',
}

export interface Logs {
  of(component: Component): Logger
  levels(): ReadonlyMap<Component, LogLevel>
  setLevel(component: Component, level: LogLevel): void
}

/** Lines go to standard error as JSON; standard output is left to access logs. */
export function createLogs(level: LogLevel): Logs {
  const root = pino({ base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
  const current = new Map<Component, LogLevel>(COMPONENTS.map((component) => [component, level]))
  const loggers = new Map(
    COMPONENTS.map((component) => [component, root.child({ component }, { level: PINO_LEVELS[level] })]),
  )
  return {
    of: (component) => loggers.get(component) as Logger,
    levels: () => current,
    setLevel(component, next) {
      current.set(component, next)
      const logger = loggers.get(component)
      if (logger !== undefined) logger.level = PINO_LEVELS[next]
    },
  }
}
