// All objects at one moment, immutable and indexed. The next moment shares with it whatever did not change, so telling
// what changed is a comparison of references.

import type { BackendTlsPolicy, XBackendTrafficPolicy } from './backend-policy.ts'
import type { EndpointSlice } from './core.ts'
import type { DestinationRule } from './destination-rule.ts'
import { indexKeysOf, parentKey, targetKey, type ParentName, type PolicyTarget } from './index-keys.ts'
import type { AuthorizationPolicy, RequestAuthentication } from './istio-security.ts'
import { kinds } from './kinds.ts'
import type { AnyObject, Kind, Kinds, RouteKind } from './kinds.ts'
import type { ServiceEntry } from './service-entry.ts'
import { describeObject, type KubernetesObject } from './object-meta.ts'
import type { VirtualService } from './virtual-service.ts'

/** How translation reads objects. Every answer is in a fixed order: by age, then namespace, then name. */
export interface ResourceReader {
  get<K extends Kind>(kind: K, namespace: string, name: string): Kinds[K] | undefined
  /** All of a kind, or those of one namespace. */
  list<K extends Kind>(kind: K, namespace?: string): readonly Kinds[K][]
  /** The EndpointSlices that carry a Service's name in `kubernetes.io/service-name`. */
  endpointSlicesOf(namespace: string, service: string): readonly EndpointSlice[]
  /** The routes of a kind, of any namespace, that name a Service or a ServiceEntry as a parent. */
  routesOf<K extends RouteKind>(kind: K, parent: ParentName): readonly Kinds[K][]
  /** The AuthorizationPolicies of a namespace that name the target; without a target, those whose targets are not known. */
  authorizationPoliciesOf(namespace: string, target?: PolicyTarget): readonly AuthorizationPolicy[]
  /** The same of RequestAuthentications. */
  requestAuthenticationsOf(namespace: string, target?: PolicyTarget): readonly RequestAuthentication[]
  /** The DestinationRules of a namespace whose host is spelt so. */
  destinationRulesOf(namespace: string, host: string): readonly DestinationRule[]
  /** The BackendTLSPolicies of a namespace that name the target. */
  backendTlsPoliciesOf(namespace: string, target: PolicyTarget): readonly BackendTlsPolicy[]
  /** The XBackendTrafficPolicies of a namespace that name the target. */
  backendTrafficPoliciesOf(namespace: string, target: PolicyTarget): readonly XBackendTrafficPolicy[]
  /** The ServiceEntries of any namespace with a host of this name. */
  serviceEntriesOf(host: string): readonly ServiceEntry[]
  /** The VirtualServices of a namespace that have a host spelt so. */
  virtualServicesOf(namespace: string, host: string): readonly VirtualService[]
}

/**
 * What a read depended on, as text: `Service demo/echo` for one object, `Pod demo/*` or `Pod *` for a list,
 * `EndpointSlice of demo/echo` for an index.
 */
export type ReadKey = string

export const readKeys = {
  object: (kind: Kind, namespace: string, name: string): ReadKey =>
    describeObject({ kind, metadata: { namespace, name } }),
  list: (kind: Kind, namespace?: string): ReadKey => (namespace === undefined ? `${kind} *` : `${kind} ${namespace}/*`),
  index: (kind: Kind, key: string): ReadKey => `${kind} of ${key}`,
}

/** The objects of one kind, and what is found through them. */
class KindIndex {
  readonly all: readonly AnyObject[]
  readonly byName = new Map<string, AnyObject>()
  readonly byNamespace = new Map<string, AnyObject[]>()
  /** By `indexKeysOf`. */
  readonly byKey = new Map<string, AnyObject[]>()

  constructor(objects: AnyObject[]) {
    this.all = objects.sort(byAgeThenName)
    for (const object of objects) {
      const { namespace, name } = object.metadata
      this.byName.set(`${namespace}/${name}`, object)
      append(this.byNamespace, namespace, object)
      for (const key of indexKeysOf(object)) append(this.byKey, key, object)
    }
  }
}

export class ResourceStore implements ResourceReader {
  /** Grows by one with each change. */
  readonly version: number
  private readonly indexes: ReadonlyMap<Kind, KindIndex>

  private constructor(version: number, indexes: ReadonlyMap<Kind, KindIndex>) {
    this.version = version
    this.indexes = indexes
  }

  static readonly empty = new ResourceStore(0, new Map())

  static of(objects: Iterable<AnyObject>): ResourceStore {
    return ResourceStore.empty.replace(objects)
  }

  /**
   * The store of the next moment. Kinds whose objects are all the same references keep their index; a store without any
   * difference is returned as it is. Of objects with the same name the last one counts.
   */
  replace(objects: Iterable<AnyObject>): ResourceStore {
    const byKind = new Map<Kind, Map<string, AnyObject>>()
    for (const object of objects) {
      let names = byKind.get(object.kind)
      if (names === undefined) byKind.set(object.kind, (names = new Map<string, AnyObject>()))
      names.set(`${object.metadata.namespace}/${object.metadata.name}`, object)
    }
    const indexes = new Map<Kind, KindIndex>()
    let changed = false
    for (const kind of Object.keys(kinds) as Kind[]) {
      const before = this.indexes.get(kind)
      const now = byKind.get(kind)
      const same = before === undefined ? now === undefined : now !== undefined && isSame(before, now)
      changed ||= !same
      if (same && before !== undefined) indexes.set(kind, before)
      else if (!same && now !== undefined) indexes.set(kind, new KindIndex([...now.values()]))
    }
    return changed ? new ResourceStore(this.version + 1, indexes) : this
  }

  get<K extends Kind>(kind: K, namespace: string, name: string): Kinds[K] | undefined {
    return this.indexes.get(kind)?.byName.get(`${namespace}/${name}`) as Kinds[K] | undefined
  }

  list<K extends Kind>(kind: K, namespace?: string): readonly Kinds[K][] {
    const index = this.indexes.get(kind)
    const found = namespace === undefined ? index?.all : index?.byNamespace.get(namespace)
    return (found ?? []) as readonly Kinds[K][]
  }

  endpointSlicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    return this.found('EndpointSlice', `${namespace}/${service}`)
  }

  routesOf<K extends RouteKind>(kind: K, parent: ParentName): readonly Kinds[K][] {
    return this.found(kind, parentKey(parent))
  }

  authorizationPoliciesOf(namespace: string, target?: PolicyTarget): readonly AuthorizationPolicy[] {
    return this.found('AuthorizationPolicy', targetKey(namespace, target))
  }

  requestAuthenticationsOf(namespace: string, target?: PolicyTarget): readonly RequestAuthentication[] {
    return this.found('RequestAuthentication', targetKey(namespace, target))
  }

  destinationRulesOf(namespace: string, host: string): readonly DestinationRule[] {
    return this.found('DestinationRule', `${namespace}/${host}`)
  }

  backendTlsPoliciesOf(namespace: string, target: PolicyTarget): readonly BackendTlsPolicy[] {
    return this.found('BackendTLSPolicy', targetKey(namespace, target))
  }

  backendTrafficPoliciesOf(namespace: string, target: PolicyTarget): readonly XBackendTrafficPolicy[] {
    return this.found('XBackendTrafficPolicy', targetKey(namespace, target))
  }

  serviceEntriesOf(host: string): readonly ServiceEntry[] {
    return this.found('ServiceEntry', host)
  }

  virtualServicesOf(namespace: string, host: string): readonly VirtualService[] {
    return this.found('VirtualService', `${namespace}/${host}`)
  }

  private found<K extends Kind>(kind: K, key: string): readonly Kinds[K][] {
    return (this.indexes.get(kind)?.byKey.get(key) ?? []) as unknown as readonly Kinds[K][]
  }

  /** Every read that would be answered differently by the two stores, at least. */
  static changes(before: ResourceStore, after: ResourceStore): Set<ReadKey> {
    const changed = new Set<ReadKey>()
    for (const kind of Object.keys(kinds) as Kind[]) {
      const old = before.indexes.get(kind)
      const now = after.indexes.get(kind)
      if (old === now) continue
      for (const [name, object] of old?.byName ?? []) {
        if (now?.byName.get(name) !== object) noteChange(changed, object)
      }
      for (const [name, object] of now?.byName ?? []) {
        if (old?.byName.get(name) !== object) noteChange(changed, object)
      }
    }
    return changed
  }
}

/** Reads a store and remembers what was asked: the dependencies of whatever is made from the answers. */
export class RecordingReader implements ResourceReader {
  readonly reads = new Set<ReadKey>()
  private readonly store: ResourceReader

  constructor(store: ResourceReader) {
    this.store = store
  }

  get<K extends Kind>(kind: K, namespace: string, name: string): Kinds[K] | undefined {
    this.reads.add(readKeys.object(kind, namespace, name))
    return this.store.get(kind, namespace, name)
  }

  list<K extends Kind>(kind: K, namespace?: string): readonly Kinds[K][] {
    this.reads.add(readKeys.list(kind, namespace))
    return this.store.list(kind, namespace)
  }

  endpointSlicesOf(namespace: string, service: string): readonly EndpointSlice[] {
    this.reads.add(readKeys.index('EndpointSlice', `${namespace}/${service}`))
    return this.store.endpointSlicesOf(namespace, service)
  }

  routesOf<K extends RouteKind>(kind: K, parent: ParentName): readonly Kinds[K][] {
    this.reads.add(readKeys.index(kind, parentKey(parent)))
    return this.store.routesOf(kind, parent)
  }

  authorizationPoliciesOf(namespace: string, target?: PolicyTarget): readonly AuthorizationPolicy[] {
    this.reads.add(readKeys.index('AuthorizationPolicy', targetKey(namespace, target)))
    return this.store.authorizationPoliciesOf(namespace, target)
  }

  requestAuthenticationsOf(namespace: string, target?: PolicyTarget): readonly RequestAuthentication[] {
    this.reads.add(readKeys.index('RequestAuthentication', targetKey(namespace, target)))
    return this.store.requestAuthenticationsOf(namespace, target)
  }

  destinationRulesOf(namespace: string, host: string): readonly DestinationRule[] {
    this.reads.add(readKeys.index('DestinationRule', `${namespace}/${host}`))
    return this.store.destinationRulesOf(namespace, host)
  }

  backendTlsPoliciesOf(namespace: string, target: PolicyTarget): readonly BackendTlsPolicy[] {
    this.reads.add(readKeys.index('BackendTLSPolicy', targetKey(namespace, target)))
    return this.store.backendTlsPoliciesOf(namespace, target)
  }

  backendTrafficPoliciesOf(namespace: string, target: PolicyTarget): readonly XBackendTrafficPolicy[] {
    this.reads.add(readKeys.index('XBackendTrafficPolicy', targetKey(namespace, target)))
    return this.store.backendTrafficPoliciesOf(namespace, target)
  }

  serviceEntriesOf(host: string): readonly ServiceEntry[] {
    this.reads.add(readKeys.index('ServiceEntry', host))
    return this.store.serviceEntriesOf(host)
  }

  virtualServicesOf(namespace: string, host: string): readonly VirtualService[] {
    this.reads.add(readKeys.index('VirtualService', `${namespace}/${host}`))
    return this.store.virtualServicesOf(namespace, host)
  }
}

function noteChange(changed: Set<ReadKey>, object: AnyObject): void {
  const { namespace, name } = object.metadata
  changed.add(readKeys.object(object.kind, namespace, name))
  changed.add(readKeys.list(object.kind))
  changed.add(readKeys.list(object.kind, namespace))
  for (const key of indexKeysOf(object)) changed.add(readKeys.index(object.kind, key))
}

function isSame(before: KindIndex, now: ReadonlyMap<string, AnyObject>): boolean {
  if (before.byName.size !== now.size) return false
  for (const [name, object] of now) if (before.byName.get(name) !== object) return false
  return true
}

function append(map: Map<string, AnyObject[]>, key: string, object: AnyObject): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [object])
  else list.push(object)
}

/** Age as the API server knows it; objects from files have none and count as equally old. */
export function byAgeThenName(a: KubernetesObject, b: KubernetesObject): number {
  const { metadata: left } = a
  const { metadata: right } = b
  return (
    compare(left.creationTimestamp ?? '', right.creationTimestamp ?? '') ||
    compare(left.namespace, right.namespace) ||
    compare(left.name, right.name)
  )
}

/** By code unit, as the specification's `{namespace}/{name}` order; not by locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
