// What Cairn does with the fields of access loggers.
import { implemented, type SupportTables } from '../status.ts'

export const accessLoggersSupport: SupportTables = {
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': {
    path: implemented,
    format: implemented,
    json_format: implemented,
    typed_json_format: implemented,
    log_format: implemented,
  },
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': {
    log_format: implemented,
  },
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': {
    log_format: implemented,
  },
}
