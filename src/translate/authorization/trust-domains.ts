// Trust domain aliases: a workload is the same under the mesh's trust domain and under each alias of it.

/**
 * Principals (`domain/ns/namespace/sa/account`, perhaps with wildcards) for every trust domain of the mesh. `cluster.local`
 * stands for the mesh's own, whatever that is called. Others stay as they are.
 */
export function expandPrincipals(principals: readonly string[], trustDomains: readonly string[]): string[] {
  return principals.flatMap((principal) => {
    const parts = principal.split('/')
    const [domain, ...rest] = parts
    if (parts.length !== 5 || domain === '*' || !isOfMesh(domain, trustDomains)) return [principal]
    const expanded = trustDomains.map((one) =>
      domain.startsWith('*') && one.endsWith(domain.slice(1)) ? principal : [one, ...rest].join('/'),
    )
    return [...new Set(expanded)]
  })
}

/** A trust domain of the mesh stands for all of them. */
export function expandTrustDomains(values: readonly string[], trustDomains: readonly string[]): string[] {
  return [...new Set(values.flatMap((value) => (trustDomains.includes(value) ? trustDomains : [value])))]
}

function isOfMesh(domain: string, trustDomains: readonly string[]): boolean {
  if (domain === 'cluster.local') return true
  return trustDomains.some(
    (one) =>
      one === domain ||
      (domain.endsWith('*') && one.startsWith(domain.slice(0, -1))) ||
      (domain.startsWith('*') && one.endsWith(domain.slice(1))),
  )
}
