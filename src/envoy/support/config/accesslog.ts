// What Cairn does with the fields of an access log: envoy.config.accesslog.v3.
import { content, implemented, skippableElement, type SupportTables } from '../status.ts'

export const accesslogSupport: SupportTables = {
  'envoy.config.accesslog.v3.AccessLog': {
    name: implemented,
    filter: skippableElement('filters of access logs'),
    typed_config: content,
  },
}
