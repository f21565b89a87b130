// What every Kubernetes object has, and where this one came from.

import type { FieldPath } from './field-path.ts'

export interface ObjectMeta {
  readonly name: string
  /** Empty for kinds without a namespace. */
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  /** RFC 3339 with seconds. Objects from files usually have none. */
  readonly creationTimestamp?: string
  readonly generation?: number
  readonly resourceVersion?: string
  readonly uid?: string
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly controller?: boolean
}

/** Where an object was read. Two readings of the same text at the same place need not be the same ObjectSource. */
export interface ObjectSource {
  /** A file's path as the user gave it, or `kubernetes`. */
  readonly file: string
  /** The line of the object's first key, from 1. */
  readonly line: number
  /** The line of a field, or of its nearest ancestor that exists. May parse the text again: for messages only. */
  locate(path: FieldPath): number
}

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly source: ObjectSource
}

/** `Service demo/echo`, `Namespace demo`. */
export function describeObject(object: {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
}): string {
  const { name, namespace } = object.metadata
  return namespace === '' ? `${object.kind} ${name}` : `${object.kind} ${namespace}/${name}`
}
