// A waypoint's configuration from Kubernetes objects in files: reads, translates, and says of each object that is not served as
// it is written what serves instead.

import { ClusterSchema } from '../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { ListenerSchema } from '../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { SecretSchema } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { Diagnostic } from '../resources/diagnostic.ts'
import { ResourceStore } from '../resources/resource-store.ts'
import type { CertificateFolder, CertificateSet } from '../sources/certificates/certificate-folder.ts'
import { ResourceFiles, type ResourceSet } from '../sources/files/resource-files.ts'
import { Translator } from '../translate/translate.ts'
import type { Translation } from '../translate/translation.ts'
import type { ObjectName, SocketName } from './command-options.ts'
import { executablePart } from './executable-part.ts'
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.ts'

export interface ObjectOrigin {
  readonly paths: readonly string[]
  readonly waypoint: ObjectName
}

export interface ObjectConfigurationOptions {
  /** Without it nothing can be served. */
  readonly certificates: CertificateFolder | undefined
  readonly listen: SocketName | undefined
  /** Gives milliseconds since 1970. */
  readonly now: () => number
}

export class ObjectConfiguration implements ConfigurationSource {
  private readonly files: ResourceFiles
  private readonly waypoint: ObjectName
  private readonly options: ObjectConfigurationOptions
  private readonly translator = new Translator()
  private store = ResourceStore.empty
  private inputs: readonly [ResourceSet, CertificateSet | undefined] | undefined
  private version = 0

  constructor({ paths, waypoint }: ObjectOrigin, options: ObjectConfigurationOptions) {
    this.files = new ResourceFiles(paths)
    this.waypoint = waypoint
    this.options = options
  }

  load(): Promise<LoadedConfiguration> {
    const set = this.files.read()
    const certificates = this.options.certificates?.read()
    if (this.inputs?.[0] !== set || this.inputs[1] !== certificates) this.version++
    this.inputs = [set, certificates]
    this.store = this.store.replace(set.objects)
    const { listen, now } = this.options
    const whole = this.translator.translate(this.store, {
      waypoint: this.waypoint,
      now: now(),
      ...(listen === undefined ? {} : { listen: [{ address: listen.host, port: listen.port }] }),
    })
    const translation = executablePart(whole)
    return Promise.resolve({
      version: String(this.version),
      resources: [...resourcesOf(translation), ...secretsOf(certificates)],
      bootstrap: undefined,
      handover: undefined,
      ...judge(set, translation, certificates),
    })
  }

  watch(onChange: () => void): void {
    this.files.watch(onChange)
    this.options.certificates?.watch(onChange)
  }

  close(): void {
    this.files.close()
    this.options.certificates?.close()
  }
}

/** As entries of a snapshot. */
export function resourcesOf({
  listeners,
  clusters,
  endpoints,
  secrets,
}: Translation): LoadedConfiguration['resources'] {
  return [
    ...listeners.map((message) => ({ desc: ListenerSchema, message })),
    ...clusters.map((message) => ({ desc: ClusterSchema, message })),
    ...endpoints.map((message) => ({ desc: ClusterLoadAssignmentSchema, message })),
    ...secrets.map((message) => ({ desc: SecretSchema, message })),
  ]
}

function secretsOf(certificates: CertificateSet | undefined): LoadedConfiguration['resources'] {
  return (certificates?.secrets ?? []).map((message) => ({ desc: SecretSchema, message }))
}

const withoutCertificates =
  'a waypoint needs a certificate: name a folder with cert-chain.pem, key.pem and root-cert.pem (--certs)'

/** Mistakes in objects concern these objects only; they are errors where nothing at all can be served. */
function judge(
  set: ResourceSet,
  translation: Translation,
  certificates: CertificateSet | undefined,
): Pick<LoadedConfiguration, 'errors' | 'warnings'> {
  const errors: string[] = []
  const warnings: string[] = []
  const servesNothing = translation.listeners.length === 0
  for (const diagnostic of [...set.diagnostics, ...translation.diagnostics]) {
    if (servesNothing && diagnostic.severity === 'error') errors.push(line(diagnostic, ''))
    else warnings.push(line(diagnostic, set.outdated.includes(diagnostic.object) ? lastGood : ''))
  }
  const named = new Set(set.diagnostics.map(({ object }) => object))
  const others = set.outdated.filter((object) => !named.has(object))
  if (others.length > 0) warnings.push(`the last good version keeps serving of ${others.join(', ')}`)
  if (certificates === undefined) errors.push(withoutCertificates)
  for (const diagnostic of certificates?.diagnostics ?? []) {
    const serves = certificates !== undefined && certificates.secrets.length > 0
    if (!serves && diagnostic.severity === 'error') errors.push(line(diagnostic, ''))
    else
      warnings.push(line(diagnostic, diagnostic.severity === 'error' ? 'the last good certificate keeps serving' : ''))
  }
  return { errors, warnings }
}

const lastGood = 'its last good version keeps serving'

/** One line without the severity: whoever prints it says what it is. */
function line({ file, line, object, field, message, remedy }: Diagnostic, standIn: string): string {
  const place = line > 0 ? `${file}:${line}` : file
  const parts = [place, object, field, standIn === '' ? message : `${message}; ${standIn}`]
  return `${parts.filter((part) => part !== '').join(': ')}${remedy === '' ? '' : ` (${remedy})`}`
}
