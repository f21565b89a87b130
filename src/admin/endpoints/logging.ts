// POST /logging: shows the levels of the component logs, and changes one, several or all of them.

import { LOG_LEVELS } from '../admin-source.ts'
import type { LogLevel, LogLevels } from '../admin-source.ts'
import type { AdminQuery } from '../admin-query.ts'
import { textAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const logging: Endpoint = {
  path: '/logging',
  help: 'query/change logging levels',
  changesServer: true,
  parameters: [
    {
      name: 'paths',
      help: 'Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>.',
    },
    {
      name: 'level',
      help: "desired logging level, this will change all loggers's level",
      choices: ['', ...LOG_LEVELS],
    },
  ],
  answer(query, { logLevels }) {
    const error = change(query, logLevels)
    const levels = [...logLevels.all()].map(([name, level]) => `  ${name}: ${level}\n`).join('')
    const listed = `active loggers:\n${levels}\n`
    return error === undefined ? textAnswer(listed) : textAnswer(`error: ${error}\n\n${USAGE}${listed}`, 400)
  },
}

const USAGE = `usage: /logging?<name>=<level> (change single level)
usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)
usage: /logging?level=<level> (change all levels)
levels: ${LOG_LEVELS.join(' ')} 
`

/** Changes all that is asked for, or nothing and says why. A parameter without a value asks for nothing. */
function change(query: AdminQuery, levels: LogLevels): string | undefined {
  const entries = [...query.entries].filter(([, value]) => value !== '')
  if (entries.length > 1) return 'invalid number of parameters'
  const changes: [name: string, level: string][] = []
  for (const [name, value] of entries) {
    if (name === 'level') changes.push(...[...levels.all().keys()].map((logger): [string, string] => [logger, value]))
    else if (name === 'paths') changes.push(...value.split(',').filter(Boolean).map(nameAndLevel))
    else changes.push([name, value])
  }
  for (const [name, level] of changes) {
    if (name === '' || level === '') return 'empty logger name or empty logger level'
    if (!isLogLevel(level)) return 'unknown logger level'
    if (!levels.all().has(name)) return 'unknown logger name'
  }
  for (const [name, level] of changes) levels.set(name, level as LogLevel)
  return undefined
}

function nameAndLevel(path: string): [name: string, level: string] {
  const colon = path.lastIndexOf(':')
  return colon < 0 ? [path, ''] : [path.slice(0, colon), path.slice(colon + 1)]
}

function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text)
}
