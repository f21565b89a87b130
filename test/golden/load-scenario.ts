// A captured scenario: what the user wrote, as a store, and what istiod 1.31 sent to the waypoint, as JSON.

import { readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../../src/resources/core.ts'
import type { AnyObject } from '../../src/resources/kinds.ts'
import { describeObject } from '../../src/resources/object-meta.ts'
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
  const statuses = parseObjects(read('pods-status.yaml'), `${name}/pods-status.yaml`).objects as Pod[]
  const common = parseObjects(readFileSync(join(import.meta.dirname, 'common.yaml'), 'utf8'), 'common.yaml').objects
  const resources = (file: string) => {
    const list = existsSync(join(folder, file))
      ? (JSON.parse(read(file)) as { name: string; resource: JsonObject }[])
      : []
    return new Map(list.map((item) => [item.name, item.resource]))
  }
  return {
    store: ResourceStore.of([...common, ...withStatus(objects, statuses)]),
    waypoint: { namespace, name: waypoint },
    listeners: resources('lds.json'),
    clusters: resources('cds.json'),
    endpoints: resources('eds.json'),
    statuses: JSON.parse(read('status.json')) as JsonObject[],
  }
}

/** Pods got their addresses from a kubelet, as a second write. */
function withStatus(objects: readonly AnyObject[], statuses: readonly Pod[]): AnyObject[] {
  const byName = new Map(statuses.map((pod) => [describeObject(pod), pod.status]))
  return objects.map((object) =>
    object.kind === 'Pod' ? { ...object, status: byName.get(describeObject(object)) ?? object.status } : object,
  )
}
