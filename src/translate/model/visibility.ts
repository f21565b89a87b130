// The namespaces that may use an Istio object (`exportTo`): `*` for all, `.` for its own.

/** None named: all may. */
export function isVisibleTo(namespace: string, exportTo: readonly string[] | undefined, own: string): boolean {
  if (exportTo === undefined || exportTo.length === 0) return true
  return exportTo.some((name) => name === '*' || name === namespace || (name === '.' && own === namespace))
}
