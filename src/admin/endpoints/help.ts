// GET /help, and the text that answers an unknown path.

import { textAnswer } from '../endpoint.ts'
import type { Endpoint, Parameter } from '../endpoint.ts'

export function helpEndpoint(endpoints: () => readonly Endpoint[]): Endpoint {
  return {
    path: '/help',
    help: 'print out list of admin commands',
    answer: () => textAnswer(helpText(endpoints())),
  }
}

export function helpText(endpoints: readonly Endpoint[]): string {
  return `admin commands are:\n${endpoints.map(endpointText).join('')}`
}

function endpointText({ path, changesServer, help, parameters = [] }: Endpoint): string {
  return `  ${path}${changesServer ? ' (POST)' : ''}: ${help}\n${parameters.map(parameterText).join('')}`
}

function parameterText({ name, help, choices }: Parameter): string {
  return `      ${name}: ${help}${choices === undefined ? '' : `; One of (${choices.join(', ')})`}\n`
}
