// Configuration text -> typed messages, or everything that is wrong with it at once. Text and a name come in: no file is opened here.
// Errors are collected, never thrown; a result with errors must not be used as configuration.
import { create, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf'
import { TYPE_PREFIX, typeNameOf } from '../any.ts'
import { fieldPath, itemPath, type ConfigError } from '../config-error.ts'
import { registry } from '../generated/descriptors.js'
import { BootstrapSchema, type Bootstrap } from '../generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { resourceName } from '../resource-name.ts'
import { decodeNode, type DecodeOptions } from './decode-message.ts'
import { readJson } from './read-json.ts'
import { readYaml } from './read-yaml.ts'
import { describeNode, LineIndex, locate, type SourceNode } from './source-tree.ts'
import { validateMessage } from './validate-message.ts'

/** A text that was read. Its parts are taken out by `decode`, which adds to the errors. */
class Loaded {
  readonly file: string
  readonly root: SourceNode | undefined
  readonly errors: ConfigError[] = []
  readonly warnings: ConfigError[] = []
  private readonly lines: LineIndex

  constructor(text: string, file: string) {
    this.file = file
    this.lines = new LineIndex(text)
    // As Envoy: a name that ends in .yaml or .yml is YAML, anything else is JSON.
    const tree = /\.ya?ml$/.test(file) ? readYaml(text) : readJson(text)
    this.root = tree.root
    for (const fault of tree.faults) this.report(fault.offset, '', fault.message, fault.remedy)
  }

  report(offset: number, path: string, message: string, remedy: string, into = this.errors): void {
    into.push({ file: this.file, ...this.lines.position(offset), path, message, remedy })
  }

  /** `node` as a message of `desc`, judged; `path` is the node's place from the root. */
  decode<T extends DescMessage>(desc: T, node: SourceNode, path: string, options?: DecodeOptions): MessageShape<T> {
    const { message, faults } = decodeNode(desc, node, path, options)
    const faulty = new Set<string>()
    for (const fault of faults) {
      this.report(fault.offset, fault.path, fault.message, fault.remedy, fault.warning ? this.warnings : this.errors)
      if (!fault.warning) faulty.add(fault.path)
    }
    for (const violation of validateMessage(desc, message, path)) {
      // What could not be read is missing: one error is enough.
      if (!faulty.has(violation.path)) this.reportAt(violation.path, violation.message, violation.remedy)
    }
    return message as MessageShape<T>
  }

  reportAt(path: string, message: string, remedy: string): void {
    this.errors.push(this.errorAt(path, message, remedy))
  }

  errorAt(path: string, message: string, remedy: string): ConfigError {
    const offset = this.root === undefined ? 0 : locate(this.root, path)
    return { file: this.file, ...this.lines.position(offset), path, message, remedy }
  }

  hasError(path: string): boolean {
    return this.errors.some((error) => error.path === path)
  }

  /** In the order of the text, which is how one works through them. */
  sort(): void {
    this.errors.sort((a, b) => a.line - b.line || a.column - b.column)
  }
}

/** What came of a text. */
export interface LoadResult {
  readonly errors: ConfigError[]
  readonly warnings: ConfigError[]
  /** Makes an error at a path of this text: gives a later judgement of the same messages (the support tables) its line. */
  readonly errorAt: (path: string, message: string, remedy: string) => ConfigError
}

export interface BootstrapResult extends LoadResult {
  readonly bootstrap: Bootstrap
}

/** An Envoy bootstrap: the file that `envoy -c` takes. `file` is the name shown in errors, and tells YAML from JSON. */
export function loadBootstrap(text: string, file: string, options?: DecodeOptions): BootstrapResult {
  const loaded = new Loaded(text, file)
  const bootstrap =
    loaded.root === undefined ? create(BootstrapSchema) : loaded.decode(BootstrapSchema, loaded.root, '', options)
  return { bootstrap, ...finish(loaded) }
}

/** One resource of a list. `path` is its place in the file, and prefixes the paths of what is wrong in it. */
export interface LoadedResource {
  readonly name: string
  readonly desc: DescMessage
  readonly message: Message
  readonly path: string
}

export interface ResourcesResult extends LoadResult {
  readonly resources: LoadedResource[]
}

/**
 * A list of resources, in one of three shapes: `[{name, resource}]` (as control planes dump them), `[{"@type": ...}]`, or a
 * DiscoveryResponse `{resources: [...]}` (Envoy's files for path_config_source). Where a resource does not name its type it
 * is a `schema`.
 */
export function loadResources(
  text: string,
  file: string,
  schema?: DescMessage,
  options?: DecodeOptions,
): ResourcesResult {
  const loaded = new Loaded(text, file)
  const resources: LoadedResource[] = []
  const { list, path } = resourceList(loaded)
  list.forEach((node, index) => {
    const resource = loadResource(loaded, node, itemPath(path, index), schema, options)
    if (resource !== undefined) resources.push(resource)
  })
  duplicateNames(loaded, resources)
  return { resources, ...finish(loaded) }
}

function resourceList(loaded: Loaded): { list: SourceNode[]; path: string } {
  const root = loaded.root
  if (root?.kind === 'list') return { list: root.items, path: '' }
  const inner = root?.kind === 'map' ? root.entries.find((entry) => entry.key === 'resources')?.value : undefined
  if (inner?.kind === 'list') return { list: inner.items, path: 'resources' }
  // An empty YAML file is an empty list.
  if (root !== undefined && !(root.kind === 'map' && root.entries.length === 0)) {
    loaded.report(root.offset, '', `expected a list of resources, found ${describeNode(root)}`, 'write a list')
  }
  return { list: [], path: '' }
}

function loadResource(
  loaded: Loaded,
  node: SourceNode,
  path: string,
  schema: DescMessage | undefined,
  options: DecodeOptions | undefined,
): LoadedResource | undefined {
  if (node.kind !== 'map') {
    loaded.report(node.offset, path, `expected a resource, found ${describeNode(node)}`, 'write an object')
    return undefined
  }
  const wrapped = node.entries.find((entry) => entry.key === 'resource')
  const body = wrapped?.value ?? node
  const bodyPath = wrapped === undefined ? path : fieldPath(path, 'resource')
  const type = body.kind === 'map' ? body.entries.find((entry) => entry.key === '@type') : undefined
  const typeName = type?.value.kind === 'string' ? typeNameOf(type.value.text) : undefined
  const desc = typeName === undefined ? schema : registry.getMessage(typeName)
  if (desc === undefined) {
    const message = typeName === undefined ? 'no "@type"' : `unknown type ${JSON.stringify(typeName)}`
    loaded.report(type?.offset ?? body.offset, bodyPath, message, `name the type: "@type": ${TYPE_PREFIX}...`)
    return undefined
  }
  if (schema !== undefined && desc.typeName !== schema.typeName) {
    const message = `expected a ${schema.typeName}, found a ${desc.typeName}`
    loaded.report(type?.offset ?? body.offset, bodyPath, message, 'move it to the file of its type')
    return undefined
  }
  const content = body.kind === 'map' && type !== undefined ? without(body, type) : body
  const message = loaded.decode(desc, content, bodyPath, options)
  const name = resourceName(message)
  if (name === '' && !loaded.hasError(fieldPath(bodyPath, 'name'))) {
    loaded.reportAt(bodyPath, 'the resource has no name', 'give it a name')
  }
  const outer = node.entries.find((entry) => wrapped !== undefined && entry.key === 'name')?.value
  if (outer?.kind === 'string' && outer.text !== name) {
    loaded.reportAt(
      fieldPath(path, 'name'),
      `the name is ${JSON.stringify(name)} inside the resource`,
      'make them equal',
    )
  }
  return { name, desc, message, path: bodyPath }
}

function without(node: SourceNode & { kind: 'map' }, entry: unknown): SourceNode {
  return { kind: 'map', offset: node.offset, entries: node.entries.filter((e) => e !== entry) }
}

function duplicateNames(loaded: Loaded, resources: LoadedResource[]): void {
  const seen = new Set<string>()
  for (const { desc, name, path } of resources) {
    const key = `${desc.typeName} ${name}`
    if (name !== '' && seen.has(key))
      loaded.reportAt(path, `a second resource named ${JSON.stringify(name)}`, 'keep one')
    seen.add(key)
  }
}

function finish(loaded: Loaded): LoadResult {
  loaded.sort()
  const errorAt = (path: string, message: string, remedy: string) => loaded.errorAt(path, message, remedy)
  return { errors: loaded.errors, warnings: loaded.warnings, errorAt }
}
