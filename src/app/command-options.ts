// What the command line passes to the commands: parsed, typed, nothing looked up yet.

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}

export interface SocketName {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

/** Where a proxy's configuration comes from. */
export type ConfigurationOrigin =
  /** Files and folders with Kubernetes objects. */
  | { readonly kind: 'resources'; readonly paths: readonly string[]; readonly waypoint: ObjectName }
  /** A static Envoy bootstrap. */
  | { readonly kind: 'envoy-config'; readonly file: string }
  /** A folder with lds.json, cds.json and eds.json, as istiod sends them. */
  | { readonly kind: 'envoy-resources'; readonly folder: string }

export interface ProxyOptions {
  readonly origin: ConfigurationOrigin
  /** A folder with cert-chain.pem, key.pem and root-cert.pem; watched. */
  readonly certsFolder: string | undefined
  /** Where the waypoint accepts HBONE; the Gateway's port on all addresses when absent. */
  readonly listen: SocketName | undefined
  /** Undefined: what the bootstrap says, or 127.0.0.1:15000. */
  readonly admin: SocketName | undefined
  /** Worker threads. */
  readonly concurrency: number
  /** Leave out what is not supported, with a list of it, in place of refusing the configuration. */
  readonly skipUnsupported: boolean
  readonly logLevel: LogLevel
  /** How long connections may take to end after SIGTERM. */
  readonly drainTimeMs: number
}

export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const
export type LogLevel = (typeof logLevels)[number]

export interface TranslateOptions {
  readonly paths: readonly string[]
  /** Undefined: the only waypoint that the objects define. */
  readonly waypoint: ObjectName | undefined
  readonly certsFolder: string | undefined
  readonly listen: SocketName | undefined
  /** Leave out `cairn.*` messages, which an unmodified Envoy does not know. */
  readonly stock: boolean
  readonly format: 'yaml' | 'json'
}

export interface ValidateOptions {
  /** Kubernetes objects and Envoy configuration, told apart by their content. */
  readonly paths: readonly string[]
  readonly format: 'text' | 'json'
}
