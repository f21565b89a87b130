// Configuration text -> what Cairn will execute: strictly read, then held against the support tables, with one list of errors. What
// is not supported is an error; or, skipped, it is in `left`, and what must not be skipped refuses its traffic.
import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { ConfigError } from './config-error.ts'
import { loadBootstrap, loadResources, type LoadedResource, type LoadResult } from './decode/load.ts'
import { BootstrapSchema, type Bootstrap } from './generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { checkSupport, withoutUnsupported, type SupportError } from './support/check-support.ts'

export interface SupportOptions {
  /** --skip-unsupported. */
  readonly skipUnsupported: boolean
}

/** Something that was not taken over. */
export interface LeftOut extends ConfigError {
  /** It was not left out: what contains it refuses its traffic. */
  readonly security: boolean
}

interface Supported {
  /** With one of these nothing may be executed. */
  readonly errors: ConfigError[]
  readonly warnings: ConfigError[]
  readonly left: LeftOut[]
  /** See LoadResult. */
  readonly errorAt: LoadResult['errorAt']
}

export interface SupportedBootstrap extends Supported {
  readonly bootstrap: Bootstrap | undefined
}

/** `bootstrap` is undefined when there are errors, or when it must be refused as a whole. */
export function loadSupportedBootstrap(text: string, file: string, options: SupportOptions): SupportedBootstrap {
  const loaded = loadBootstrap(text, file, { unknownTypes: options.skipUnsupported ? 'keep' : 'refuse' })
  const { message, left } = judge(loaded, BootstrapSchema, loaded.bootstrap, '', options)
  return {
    bootstrap: loaded.errors.length > 0 ? undefined : message,
    errors: loaded.errors,
    warnings: loaded.warnings,
    left,
    errorAt: loaded.errorAt,
  }
}

export interface SupportedResources extends Supported {
  /** Without those that must be refused as a whole. */
  readonly resources: LoadedResource[]
}

/** See loadResources. */
export function loadSupportedResources(
  text: string,
  file: string,
  schema: DescMessage | undefined,
  options: SupportOptions,
): SupportedResources {
  const loaded = loadResources(text, file, schema, { unknownTypes: options.skipUnsupported ? 'keep' : 'refuse' })
  const resources: LoadedResource[] = []
  const left: LeftOut[] = []
  for (const resource of loaded.resources) {
    const judged = judge(loaded, resource.desc, resource.message, resource.path, options)
    left.push(...judged.left)
    if (judged.message !== undefined) resources.push({ ...resource, message: judged.message })
  }
  return { resources, errors: loaded.errors, warnings: loaded.warnings, left, errorAt: loaded.errorAt }
}

function judge<T extends DescMessage>(
  loaded: LoadResult,
  desc: T,
  message: MessageShape<T>,
  path: string,
  options: SupportOptions,
): { message: MessageShape<T> | undefined; left: LeftOut[] } {
  if (options.skipUnsupported) {
    const remainder = withoutUnsupported(desc, message, path)
    return { message: remainder.message, left: remainder.left.map((error) => leftOut(loaded, error)) }
  }
  for (const error of checkSupport(desc, message, path)) {
    // A field that is faulty and not supported is faulty.
    if (!loaded.errors.some((other) => other.path === error.path)) loaded.errors.push(locate(loaded, error, REFUSED))
  }
  loaded.errors.sort((a, b) => a.line - b.line || a.column - b.column)
  return { message, left: [] }
}

const REFUSED = 'take it out, or run with --skip-unsupported'

function leftOut(loaded: LoadResult, error: SupportError): LeftOut {
  const remedy = error.security ? 'its traffic is refused: take it out to let it through' : 'left out'
  return { ...locate(loaded, error, remedy), security: error.security }
}

function locate(loaded: LoadResult, error: SupportError, remedy: string): ConfigError {
  return loaded.errorAt(error.path, `${error.reason} is not supported`, remedy)
}
