// The endpoints that do one thing and say OK.

import { OK } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'

export const drainListeners: Endpoint = {
  path: '/drain_listeners',
  help: 'drain listeners',
  changesServer: true,
  parameters: [
    {
      name: 'graceful',
      help: 'When draining listeners, enter a graceful drain period prior to closing listeners. This behaviour and duration is configurable via server options or CLI',
      isFlag: true,
    },
    {
      name: 'skip_exit',
      help: 'When draining listeners, drain the connections but never stop the listeners. The graceful parameter has no effect when this is set, since the drain period only delays stopping the listeners',
      isFlag: true,
    },
    {
      name: 'inboundonly',
      help: 'Drains all inbound listeners. traffic_direction field in envoy_v3_api_msg_config.listener.v3.Listener is used to determine whether a listener is inbound or outbound.',
      isFlag: true,
    },
  ],
  answer(query, source) {
    source.drainListeners({
      graceful: query.has('graceful'),
      skipExit: query.has('skip_exit'),
      inboundOnly: query.has('inboundonly'),
    })
    return OK
  },
}

export const healthcheckFail: Endpoint = {
  path: '/healthcheck/fail',
  help: 'cause the server to fail health checks',
  changesServer: true,
  answer(_, source) {
    source.failHealthCheck(true)
    return OK
  },
}

export const healthcheckOk: Endpoint = {
  path: '/healthcheck/ok',
  help: 'cause the server to pass health checks',
  changesServer: true,
  answer(_, source) {
    source.failHealthCheck(false)
    return OK
  },
}

export const quitquitquit: Endpoint = {
  path: '/quitquitquit',
  help: 'exit the server',
  changesServer: true,
  answer: (_, source) => ({ ...OK, afterwards: () => source.quit() }),
}

export const reopenLogs: Endpoint = {
  path: '/reopen_logs',
  help: 'reopen access logs',
  changesServer: true,
  answer(_, source) {
    source.reopenLogs()
    return OK
  },
}

export const resetCounters: Endpoint = {
  path: '/reset_counters',
  help: 'reset all counters to zero',
  changesServer: true,
  answer(_, source) {
    source.stats.resetCounters()
    return OK
  },
}
