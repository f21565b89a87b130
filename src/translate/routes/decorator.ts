// The name of a span: which backend and which path a route stands for, in Istio's spelling.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Route } from '../../resources/gateway-api.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'

interface DecoratorContext {
  readonly service: ServiceModel
  readonly port: ServicePortModel
  readonly parentNamesPort: boolean
}

export function decoratorOperation(
  action: NonNullable<MessageInitShape<typeof RouteSchema>['action']>,
  path: string,
  route: Route,
  { service, port, parentNamesPort }: DecoratorContext,
): string {
  if (action.case === 'route' && action.value.clusterSpecifier?.case === 'cluster') {
    // inbound-vip|PORT|SUBSET|HOST or outbound|PORT|SUBSET|HOST
    const [, backendPort, , host] = action.value.clusterSpecifier.value.split('|')
    return `${host}:${backendPort}${path}`
  }
  const { namespace } = route.metadata
  const parent = parentNamesPort ? `${namespace}~${port.port}~${service.hostname}` : `${namespace}~${service.hostname}`
  return `${parent}:${port.port}${path}`
}
