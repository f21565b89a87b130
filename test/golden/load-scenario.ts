// A captured scenario: what the user wrote, as a store, and what istiod 1.31 sent to the waypoint, as JSON.

import { readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../../src/resources/core.ts'
import type { AnyObject } from '../../src/resources/kinds.ts'
import { describeObject } from '../../src/resources/object-meta.ts'
import type { ServiceEntry } from '../../src/resources/service-entry.ts'
import { parseObjects } from '../../src/resources/parse-objects.ts'
import { ResourceStore } from '../../src/resources/resource-store.ts'

export type Json = null | boolean | number | string | Json[] | JsonObject
export type JsonObject = { [key: string]: Json }

export interface Scenario {
  readonly store: ResourceStore
  readonly waypoint: { namespace: string; name: string }
  /** By name. */
  readonly listeners: Map<string, JsonObject>
  readonly clusters: Map<string, JsonObject>
  readonly endpoints: Map<string, JsonObject>
  readonly statuses: JsonObject[]
}

export function loadScenario(name: string): Scenario {
  const folder = join(import.meta.dirname, name)
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const { namespace, waypoint } = JSON.parse(read('scenario.json')) as { namespace: string; waypoint: string }
  const objects = ['input.yaml', 'exclusive.yaml']
    .filter((file) => existsSync(join(folder, file)))
    .flatMap((file) => parseObjects(read(file), `${name}/${file}`).objects)
  const pods = parseObjects(read('pods-status.yaml'), `${name}/pods-status.yaml`).objects as Pod[]
  const statuses = JSON.parse(read('status.json')) as JsonObject[]
  const common = parseObjects(readFileSync(join(import.meta.dirname, 'common.yaml'), 'utf8'), 'common.yaml').objects
  const resources = (file: string) => {
    const list = existsSync(join(folder, file))
      ? (JSON.parse(read(file)) as { name: string; resource: JsonObject }[])
      : []
    return new Map(list.map((item) => [item.name, item.resource]))
  }
  return {
    store: ResourceStore.of([...common, ...withStatus(objects, pods, statuses)]),
    waypoint: { namespace, name: waypoint },
    listeners: resources('lds.json'),
    clusters: resources('cds.json'),
    endpoints: resources('eds.json'),
    statuses,
  }
}

/** Pods got their addresses from a kubelet, and ServiceEntries theirs from istiod, as a second write. */
function withStatus(objects: readonly AnyObject[], pods: readonly Pod[], istiod: readonly JsonObject[]): AnyObject[] {
  const podStatuses = new Map(pods.map((pod) => [describeObject(pod), pod.status]))
  return objects.map((object) => {
    if (object.kind === 'Pod') return { ...object, status: podStatuses.get(describeObject(object)) ?? object.status }
    if (object.kind !== 'ServiceEntry') return object
    const { namespace, name } = object.metadata
    const found = istiod.find((one) => one['kind'] === object.kind && one['namespace'] === namespace && one['name'] === name)
    return { ...object, status: found?.['status'] as unknown as ServiceEntry['status'] }
  })
}
