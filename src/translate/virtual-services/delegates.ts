// Routes that a VirtualService leaves to another one, a delegate: its routes stand in the place of the one that names it, within that
// one's match. A delegate does not delegate further, as in Istio, so there are no cycles.

import { describeObject } from '../../resources/object-meta.ts'
import type { FieldPath } from '../../resources/field-path.ts'
import type {
  StringMatch,
  VirtualHttpMatch,
  VirtualHttpRoute,
  VirtualService,
} from '../../resources/virtual-service.ts'
import type { VirtualRouteContext } from './virtual-route.ts'

export interface WrittenRoute {
  /** Where the route is written. */
  readonly object: VirtualService
  readonly path: FieldPath
  /** With what it takes over from the route that delegates to it. */
  readonly route: VirtualHttpRoute
  /** Why nobody answers for it. */
  readonly problem: string | undefined
}

export function delegatedRoutes(object: VirtualService, context: VirtualRouteContext): WrittenRoute[] {
  return [...(object.spec.http ?? []).entries()].flatMap(([index, route]): WrittenRoute[] => {
    const path = ['spec', 'http', index]
    if (route.delegate === undefined) return [{ object, path, route, problem: undefined }]
    const delegate = delegateOf(object, route.delegate, context)
    if (typeof delegate === 'string') return [{ object, path, route, problem: delegate }]
    return routesOfDelegate(delegate, route, { object, path }, context)
  })
}

/** The delegate, or what is wrong with it. */
function delegateOf(
  object: VirtualService,
  { name = '', namespace = object.metadata.namespace }: NonNullable<VirtualHttpRoute['delegate']>,
  { reader }: VirtualRouteContext,
): VirtualService | string {
  const delegate = reader.get('VirtualService', namespace, name)
  if (delegate === undefined) return `VirtualService ${namespace}/${name} does not exist`
  if ((delegate.spec.hosts ?? []).length > 0) return `${describeObject(delegate)} has hosts, and so is no delegate`
  const nested = delegate.spec.http?.some((route) => route.delegate !== undefined)
  return nested === true ? `${describeObject(delegate)} delegates further` : delegate
}

function routesOfDelegate(
  delegate: VirtualService,
  outer: VirtualHttpRoute,
  from: Pick<WrittenRoute, 'object' | 'path'>,
  { report }: VirtualRouteContext,
): WrittenRoute[] {
  return [...(delegate.spec.http ?? []).entries()].flatMap(([index, inner]): WrittenRoute[] => {
    const path = ['spec', 'http', index]
    const match = joinedMatches(outer.match ?? [], inner.match ?? [])
    if (match === undefined) {
      const message = `never matches: ${describeObject(from.object)} leaves other requests to this delegate`
      report.warning(delegate, path, message, 'narrow its match, or widen the other')
      return []
    }
    const { delegate: _, ...inherited } = outer
    return [{ object: delegate, path, route: { ...inherited, ...inner, match }, problem: undefined }]
  })
}

/** What matches on both sides; undefined: nothing does. */
function joinedMatches(
  outer: readonly VirtualHttpMatch[],
  inner: readonly VirtualHttpMatch[],
): VirtualHttpMatch[] | undefined {
  if (outer.length === 0) return [...inner]
  if (inner.length === 0) return [...outer]
  const joined = outer
    .flatMap((one) => inner.map((other) => joinedMatch(one, other)))
    .filter((one) => one !== undefined)
  return joined.length === 0 ? undefined : joined
}

/** Undefined where the two cannot be told to hold together, as Istio sees it. */
function joinedMatch(outer: VirtualHttpMatch, inner: VirtualHttpMatch): VirtualHttpMatch | undefined {
  const { uri: outerUri, ...outerRest } = outer
  const { uri: innerUri, ...innerRest } = inner
  const uri = joinedUri(outerUri, innerUri)
  if (uri === 'conflict') return undefined
  for (const field of ['scheme', 'method', 'authority', 'port'] as const) {
    if (outerRest[field] !== undefined && innerRest[field] !== undefined) return undefined
  }
  for (const field of ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const) {
    const names = Object.keys(outerRest[field] ?? {})
    if (names.some((name) => Object.hasOwn(innerRest[field] ?? {}, name))) return undefined
  }
  const both = <T>(a: Readonly<Record<string, T>> | undefined, b: Readonly<Record<string, T>> | undefined) =>
    a === undefined && b === undefined ? undefined : { ...a, ...b }
  return {
    ...outerRest,
    ...innerRest,
    ...(uri === undefined ? {} : { uri }),
    headers: both(outerRest.headers, innerRest.headers),
    withoutHeaders: both(outerRest.withoutHeaders, innerRest.withoutHeaders),
    queryParams: both(outerRest.queryParams, innerRest.queryParams),
    sourceLabels: both(outerRest.sourceLabels, innerRest.sourceLabels),
  }
}

/** A prefix of the outer one may be made longer. */
function joinedUri(
  outer: StringMatch | undefined,
  inner: StringMatch | undefined,
): StringMatch | undefined | 'conflict' {
  if (outer === undefined || inner === undefined) return inner ?? outer
  const longer = inner.prefix ?? inner.exact
  return outer.prefix !== undefined && longer?.startsWith(outer.prefix) === true ? inner : 'conflict'
}
