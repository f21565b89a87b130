import { toJson } from '@bufbuild/protobuf'
import { expect, test } from '@jest/globals'
import { registry } from '../../envoy/generated/descriptors.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { objectsFrom } from '../../../test/support/resources.ts'
import type { Service } from '../../resources/core.ts'
import { defaultMeshSettings } from '../mesh-settings.ts'
import { serviceModel } from '../model/service-model.ts'
import { mainInternalListener } from './main-internal.ts'

/** The ports on which the listener does not look for HTTP. */
function portsWithoutInspector(ports: string, pods: string[]): number[] {
  const yaml = `apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: demo}\nspec: {clusterIP: 10.0.0.1, ports: ${ports}}\n`
  const model = serviceModel(objectsFrom(yaml)[0] as Service, defaultMeshSettings)
  const listener = mainInternalListener([{ model, serverNames: new Map() }], pods, [])
  const json: any = toJson(ListenerSchema, listener, { registry, useProtoFieldName: true })
  const inspector = json.listener_filters.find(({ name }: { name: string }) => name.endsWith('http_inspector'))
  const rules = inspector.filter_disabled?.or_match?.rules ?? [inspector.filter_disabled]
  return rules.map((rule: any) => rule.destination_port_range.start)
}

const ports =
  '[{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 9000, targetPort: 9001}, {name: x, port: 81}]'

test('bytes are not looked into where Services say what they are', () => {
  expect(portsWithoutInspector(ports, [])).toEqual([80, 9000])
})

test('with Pods on any port, neither are those that no HTTP can be on: a server that speaks first is not made to wait', () => {
  expect(portsWithoutInspector(ports, ['10.1.0.1'])).toEqual([25, 53, 3306, 9000, 9001, 27_017])
})

test('with Pods, a port that one Service declares as HTTP is looked into', () => {
  const both = '[{name: tcp, port: 9000}, {name: http, port: 80, targetPort: 9000}]'
  expect(portsWithoutInspector(both, ['10.1.0.1'])).toEqual([25, 53, 3306, 27_017])
})
