// What is to be said about a waypoint and its Services together, rather than about one of them.

import type { Gateway, Route } from '../resources/gateway-api.ts'
import type { ResourceReader } from '../resources/resource-store.ts'
import { HBONE_PORT } from './model/workload.ts'
import type { TranslationReport } from './report.ts'
import type { ServiceTranslation } from './service-translation.ts'

export function reportGateway(gateway: Gateway, report: TranslationReport): void {
  const { listeners } = gateway.spec
  for (const [index, { protocol, port }] of listeners.entries()) {
    const path = ['spec', 'listeners', index]
    if (protocol !== 'HBONE') {
      const message = `protocol ${protocol} is not served: a waypoint takes HBONE`
      report.warning(gateway, [...path, 'protocol'], message, 'write HBONE')
    } else if (port !== HBONE_PORT) {
      const message = `ztunnels dial port ${HBONE_PORT} whatever this says`
      report.warning(gateway, [...path, 'port'], message, `write ${HBONE_PORT}`)
    }
  }
}

/** Two Services with one address: only the first can be reached by it. */
export function reportSharedAddresses(services: readonly ServiceTranslation[], report: TranslationReport): void {
  const owners = new Map<string, string>()
  for (const { model } of services) {
    for (const address of model.addresses) {
      const owner = owners.get(address)
      if (owner === undefined) owners.set(address, model.hostname)
      else {
        const message = `address ${address} belongs to ${owner} already, so requests to it go there`
        const field = model.object.kind === 'Service' ? 'clusterIP' : 'addresses'
        report.error(model.object, ['spec', field], message, 'give each Service its own address')
      }
    }
  }
}

/** Routes that name Services, none of which is served here. */
export function reportUnusedRoutes(
  reader: ResourceReader,
  services: readonly ServiceTranslation[],
  report: TranslationReport,
): void {
  const used = new Set<Route>()
  for (const { outcomes } of services) for (const { route } of outcomes) used.add(route)
  for (const kind of ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'] as const) {
    for (const route of reader.list(kind)) if (!used.has(route)) reportParents(route, reader, report)
  }
}

function reportParents(route: Route, reader: ResourceReader, report: TranslationReport): void {
  const parents = route.spec.parentRefs ?? []
  if (parents.length === 0) report.warning(route, ['spec'], 'has no parentRefs and so no effect', 'name a Service')
  for (const [index, parent] of parents.entries()) {
    const path = ['spec', 'parentRefs', index]
    const namespace = parent.namespace ?? route.metadata.namespace
    const name = `${parent.kind ?? 'Gateway'} ${namespace}/${parent.name}`
    const { kind = '', group = '' } = parent
    const isEntry = kind === 'ServiceEntry' && group === 'networking.istio.io'
    if (!isEntry && (kind !== 'Service' || group !== '')) {
      const remedy = 'name a Service, with group: "" and kind: Service'
      report.warning(route, path, `${name} is no Service, so the route has no effect here`, remedy)
    } else if (reader.get(isEntry ? 'ServiceEntry' : 'Service', namespace, parent.name) === undefined) {
      report.error(route, path, `${name} does not exist`, 'correct the name, or add the Service')
    } else {
      const remedy = 'label it, or its namespace, with istio.io/use-waypoint'
      report.warning(route, path, `${name} does not use this waypoint, so the route has no effect here`, remedy)
    }
  }
}
