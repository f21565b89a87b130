// `cairn translate`: prints the Envoy configuration that Kubernetes objects result in, for a person to read and for an Envoy to
// run. Nothing of Cairn's own is in it so far, so --stock changes nothing.

import { stringify } from 'yaml'
import { BootstrapSchema } from '../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { certificatesInFolder, meshSecrets } from '../envoy/mesh-secrets.ts'
import { printMessage } from '../envoy/print.ts'
import type { Terminal } from '../lib/terminal.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import { ResourceFiles } from '../sources/files/resource-files.ts'
import { toBootstrap } from '../translate/bootstrap.ts'
import { waypointsIn } from '../translate/model/waypoint.ts'
import { translate } from '../translate/translate.ts'
import type { ObjectName, TranslateOptions } from './command-options.ts'
import { findingOfDiagnostic, hasErrors, printFindings, type Finding } from './findings.ts'

const defaultCertsFolder = 'certs'

/** Resolves with 1 when there are errors; what can be served despite them is printed all the same. */
export function runTranslate(options: TranslateOptions, terminal: Terminal): Promise<number> {
  const { objects, diagnostics } = new ResourceFiles(options.paths).read()
  const findings = diagnostics.map(findingOfDiagnostic)
  const store = ResourceStore.of(objects)
  const waypoint = options.waypoint ?? onlyWaypoint(store, findings)
  if (waypoint !== undefined) {
    const { listen } = options
    const translation = translate(store, {
      waypoint,
      now: Date.now(),
      ...(listen === undefined ? {} : { listen: [{ address: listen.host, port: listen.port }] }),
    })
    findings.push(...translation.diagnostics.map(findingOfDiagnostic))
    if (translation.listeners.length > 0) {
      const secrets = meshSecrets(certificatesInFolder(options.certsFolder ?? defaultCertsFolder))
      const bootstrap = toBootstrap(translation, { waypoint, secrets })
      print(printMessage(BootstrapSchema, bootstrap, { redact: false }), options.format, terminal)
      if (options.certsFolder === undefined) findings.push(noteCertificates())
    }
  }
  printFindings(findings, (text) => terminal.err(text), terminal)
  return Promise.resolve(hasErrors(findings) ? 1 : 0)
}

function onlyWaypoint(store: ResourceStore, findings: Finding[]): ObjectName | undefined {
  const found = waypointsIn(store)
  if (found.length === 1) return found[0]
  const names = found.map(({ namespace, name }) => `${namespace}/${name}`)
  findings.push({
    severity: 'error',
    file: '',
    line: 0,
    object: '',
    path: '',
    ...(found.length === 0
      ? { message: 'the objects define no waypoint', remedy: 'add a Gateway with a listener of protocol HBONE' }
      : { message: `the objects define ${found.length} waypoints`, remedy: `add --waypoint ${names.join(' or ')}` }),
  })
  return undefined
}

function noteCertificates(): Finding {
  const message = `the configuration takes the waypoint's certificate from the folder ${defaultCertsFolder}`
  const remedy = 'choose another with --certs'
  return { severity: 'warning', file: '', line: 0, object: '', path: '', message, remedy }
}

function print(value: unknown, format: TranslateOptions['format'], terminal: Terminal): void {
  if (format === 'json') terminal.out(`${JSON.stringify(value, undefined, 2)}\n`)
  // Envoy's YAML reader takes words such as `yes` and `on` for truth values, as YAML 1.1 did.
  else terminal.out(stringify(value, { compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false }))
}
