// What is to be said about RequestAuthentications: where they have no effect, or refuse every token.

import type { RequestAuthentication } from '../../resources/istio-security.ts'
import type { ResourceReader } from '../../resources/resource-store.ts'
import type { PolicyScope } from '../authorization/attached-policies.ts'
import { targetBindings } from '../authorization/policy-binding.ts'
import { reportBindings, reportWithoutTarget } from '../authorization/policy-report.ts'
import type { TranslationReport } from '../report.ts'
import { hasKeys } from './authentication-filters.ts'

/** `namespaces` are those that the waypoint serves. */
export function reportAuthentications(
  reader: ResourceReader,
  scope: PolicyScope,
  namespaces: ReadonlySet<string>,
  report: TranslationReport,
): void {
  for (const authentication of reader.list('RequestAuthentication')) {
    const bindings = targetBindings(reader, authentication, scope)
    if (bindings.length === 0 && namespaces.has(authentication.metadata.namespace)) {
      reportWithoutTarget(authentication, 'has no targetRefs, so no waypoint verifies tokens by it', report)
    }
    if (reportBindings(authentication, bindings, report)) reportRules(authentication, report)
  }
}

function reportRules(authentication: RequestAuthentication, report: TranslationReport): void {
  if (authentication.unreadable !== undefined) {
    report.error(authentication, [], 'cannot be read, so everything that it is attached to is denied', 'correct it')
    return
  }
  for (const [index, rule] of (authentication.spec.jwtRules ?? []).entries()) {
    if (hasKeys(rule)) continue
    const message = 'has no keys, and keys are not fetched from the issuer: every token of it is refused'
    report.error(authentication, ['spec', 'jwtRules', index], message, 'write the key set into jwks')
  }
}
