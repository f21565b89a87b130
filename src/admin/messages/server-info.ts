// envoy.admin.v3.ServerInfo.

import type { JsonObject } from '@bufbuild/protobuf'
import { ServerInfoSchema, type ServerInfo } from '../../envoy/generated/envoy/admin/v3/server_info_pb.js'
import { printWithDefaults } from './print-with-defaults.ts'

export function serverInfoJson(info: ServerInfo): JsonObject {
  return printWithDefaults(ServerInfoSchema, info)
}
