// A proxy whose route can be replaced while it runs: Envoy reads its listener from a file that is replaced (as xDS would send
// it), Cairn reads Kubernetes objects from files.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { meshObjects, versionedRoute } from './mesh-resources.ts'
import { Rig, type RunningSubject } from './rig.ts'
import { expandCommand, type Subject } from './subject.ts'
import { type ListenerPorts, mainInternal, serviceRoutes, waypointConfig } from './waypoint-config.ts'

/** Endpoints of Kubernetes objects have the mesh's fixed HBONE port, so the backend needs an address of its own. */
const workloadHost = '127.77.0.10'
const hbonePort = 15_008

export interface Changeable {
  running: RunningSubject
  /** Replaces the route by one whose answers carry `x-route-version: VERSION`. */
  change(version: number): void
}

export function buildChangeableRig(): Promise<Rig> {
  return Rig.build(workloadHost, hbonePort)
}

/** Starts `subject` with version 1 of the route. `resourcesCommand` is Cairn's. */
export function startChangeable(rig: Rig, subject: Subject, resourcesCommand: string): Promise<Changeable> {
  return subject.name === 'cairn' ? startOnResources(rig, resourcesCommand) : startOnXdsFile(rig, subject)
}

async function startOnXdsFile(rig: Rig, subject: Subject): Promise<Changeable> {
  const file = join(rig.directory, 'lds.json')
  const change = (version: number) => {
    const listener = {
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      ...mainInternal(serviceRoutes(1, version)),
    }
    replaceFile(file, { version_info: String(version), resources: [listener] })
  }
  change(1)
  const running = await rig.start(subject, 'route-change', (ports) => {
    const config = waypointConfig({
      ...ports,
      identity: rig.proxy,
      workloadAddress: `${workloadHost}:8080`,
      hbonePort,
      routes: 1,
    }) as { static_resources: { listeners: Array<{ name: string }> } }
    const listeners = config.static_resources.listeners.filter((listener) => listener.name !== 'main_internal')
    return {
      ...config,
      static_resources: { ...config.static_resources, listeners },
      dynamic_resources: { lds_config: { resource_api_version: 'V3', path_config_source: { path: file } } },
    }
  })
  return { running, change }
}

async function startOnResources(rig: Rig, resourcesCommand: string): Promise<Changeable> {
  const resources = join(rig.directory, 'resources')
  mkdirSync(resources)
  for (const [i, object] of meshObjects(workloadHost).entries()) replaceFile(join(resources, `${i}.yaml`), object)
  const change = (version: number) => replaceFile(join(resources, 'route.yaml'), versionedRoute(version))
  change(1)
  let ports: ListenerPorts | undefined
  const subject: Subject = {
    name: 'cairn',
    command: () =>
      expandCommand(resourcesCommand, {
        resources,
        certs: join(rig.directory, 'waypoint'),
        port: String(ports!.listenPort),
        admin: String(ports!.adminPort),
      }),
  }
  const running = await rig.start(subject, 'route-change', (chosen) => {
    ports = chosen
    return {}
  })
  return { running, change }
}

function replaceFile(file: string, content: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(content))
  renameSync(`${file}.new`, file)
}
