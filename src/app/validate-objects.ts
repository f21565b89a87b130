// Judges Kubernetes objects as the proxy would: each by itself, then what they mean together to each waypoint among them.

import { describeObject } from '../resources/object-meta.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { ResourceFiles } from '../sources/files/resource-files.ts'
import { waypointsIn } from '../translate/model/waypoint.ts'
import { translate } from '../translate/translate.ts'
import type { Translation } from '../translate/translation.ts'
import { executablePart } from './executable-part.ts'
import { count, findingOfDiagnostic, type Finding } from './findings.ts'
import { resourcesOf } from './object-configuration.ts'
import { buildFindings } from './validate-envoy.ts'

export async function validateObjects(
  files: readonly string[],
): Promise<{ findings: readonly Finding[]; counts: readonly string[] }> {
  const { objects, diagnostics } = new ResourceFiles(files).read()
  const store = ResourceStore.of(objects)
  const waypoints = waypointsIn(store)
  const translations = waypoints.map((waypoint) => executablePart(translate(store, { waypoint, now: Date.now() })))
  const findings = [...diagnostics.map(findingOfDiagnostic), ...meaning(translations)]
  for (const [index, translation] of translations.entries()) {
    const { namespace, name } = waypoints[index]
    const gateway = store.get('Gateway', namespace, name)
    const object = `Gateway ${namespace}/${name}`
    for (const finding of await buildFindings(resourcesOf(translation), gateway?.source.file ?? '')) {
      findings.push({ ...finding, line: gateway?.source.line ?? 0, object })
    }
  }
  const note = waypoints.length === 0 ? ' (no waypoint among them, so what they refer to was not looked at)' : ''
  return {
    findings,
    counts: [`${count(objects.length, 'object') || 'no objects'} in ${count(files.length, 'file')}${note}`],
  }
}

/** What is said for several waypoints is said once; that a route has no effect, only if it has none anywhere. */
function meaning(translations: readonly Translation[]): Finding[] {
  const routesOf = translations.map(({ statuses }) => new Set(statuses.map(describeStatus)))
  const findings = new Map<string, Finding>()
  for (const [index, { diagnostics }] of translations.entries()) {
    for (const diagnostic of diagnostics) {
      const isRoute = diagnostic.object.startsWith('HTTPRoute ')
      const isElsewhere = !routesOf[index].has(diagnostic.object) && routesOf.some((set) => set.has(diagnostic.object))
      if (isRoute && isElsewhere) continue
      const finding = findingOfDiagnostic(diagnostic)
      findings.set(JSON.stringify(finding), finding)
    }
  }
  return [...findings.values()]
}

function describeStatus({ kind, namespace, name }: Translation['statuses'][number]): string {
  return describeObject({ kind, metadata: { namespace, name } })
}
