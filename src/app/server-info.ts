// What `/server_info` says of this process.

import { create, fromBinary } from '@bufbuild/protobuf'
import { durationFromMs } from '@bufbuild/protobuf/wkt'
import { BootstrapSchema } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import {
  CommandLineOptionsSchema,
  ServerInfo_State,
  ServerInfoSchema,
} from '../envoy/generated/envoy/admin/v3/server_info_pb.js'
import type { ServerInfo } from '../envoy/generated/envoy/admin/v3/server_info_pb.js'
import { NodeSchema } from '../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { ProxyOptions } from './command-options.ts'
import type { ProxyState } from './proxy-state.ts'

const STATES = {
  LIVE: ServerInfo_State.LIVE,
  DRAINING: ServerInfo_State.DRAINING,
  PRE_INITIALIZING: ServerInfo_State.PRE_INITIALIZING,
  INITIALIZING: ServerInfo_State.INITIALIZING,
} as const

export function serverInfo(state: ProxyState, options: ProxyOptions): ServerInfo {
  const { bootstrap } = state
  const uptime = durationFromMs(Math.floor((Date.now() - state.startedMs) / 1000) * 1000)
  return create(ServerInfoSchema, {
    version: state.version,
    state: STATES[state.server],
    uptimeCurrentEpoch: uptime,
    uptimeAllEpochs: uptime,
    hotRestartVersion: 'disabled',
    commandLineOptions: create(CommandLineOptionsSchema, {
      concurrency: options.concurrency,
      configPath: options.origin.kind === 'envoy-config' ? options.origin.file : '',
      logLevel: options.logLevel,
      drainTime: durationFromMs(options.drainTimeMs),
      disableHotRestart: true,
    }),
    node: (bootstrap && fromBinary(BootstrapSchema, bootstrap.bytes).node) ?? create(NodeSchema),
  })
}
