// The name of a span: which backend and which path a route stands for, in Istio's spelling.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { RouteSchema } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { HttpRoute, HttpRouteMatch } from '../../resources/gateway-api.ts'
import type { ServiceModel, ServicePortModel } from '../model/service-model.ts'

interface DecoratorContext {
  readonly service: ServiceModel
  readonly port: ServicePortModel
  readonly parentNamesPort: boolean
}

export function decoratorOperation(
  action: NonNullable<MessageInitShape<typeof RouteSchema>['action']>,
  match: HttpRouteMatch,
  route: HttpRoute,
  { service, port, parentNamesPort }: DecoratorContext,
): string {
  const { type, value = '/' } = match.path ?? {}
  const path = type === 'Exact' || type === 'RegularExpression' ? value : '/*'
  if (action.case === 'route' && action.value.clusterSpecifier?.case === 'cluster') {
    // inbound-vip|PORT|SUBSET|HOST or outbound|PORT|SUBSET|HOST
    const [, backendPort, , host] = action.value.clusterSpecifier.value.split('|')
    return `${host}:${backendPort}${path}`
  }
  const { namespace } = route.metadata
  const parent = parentNamesPort ? `${namespace}~${port.port}~${service.hostname}` : `${namespace}~${service.hostname}`
  return `${parent}:${port.port}${path}`
}
