// Everything of the demo but the waypoint: the pods with their HBONE ends, and the source side with a plain port for each
// service.

import { CertificateAuthority, type Credentials } from './certificate-authority.ts'
import { type RunningService, startEchoService } from './echo-service.ts'
import { HboneClient, startTunnelListener } from './hbone-client.ts'
import { startHboneServer } from './hbone-server.ts'
import type { DemoPod, Topology } from './topology.ts'

export interface DemoMesh {
  readonly waypointCredentials: Credentials
  /** Service name -> plain port of the source side. */
  readonly ports: ReadonlyMap<string, number>
  close(): Promise<void>
}

/** `waypoint` is where the source dials; nothing has to listen there yet. */
export async function startMesh(
  topology: Topology,
  waypoint: { host: string; port: number },
  firstPort: number,
): Promise<DemoMesh> {
  const authority = new CertificateAuthority()
  const running: RunningService[] = []
  const { namespace, name } = topology.waypoint
  const waypointCredentials = authority.issue(namespace, name)
  const client = new HboneClient({
    ...waypoint,
    credentials: authority.issue(namespace, 'curl'),
    expectedSpiffeId: waypointCredentials.spiffeId,
  })
  const close = async (): Promise<void> => {
    client.close()
    await Promise.all(running.map((service) => service.close()))
  }
  try {
    for (const pod of topology.pods) running.push(...(await startPod(pod, authority)))
    const ports = new Map<string, number>()
    for (const [at, service] of topology.services.entries()) {
      const origin = {
        serviceHost: `${service.name}.${service.namespace}.svc.cluster.local`,
        namespace,
        workload: 'curl',
      }
      const options = { client, authority: service.authority, origin }
      const listener = await startOnPortOr0(firstPort + at, (port) => startTunnelListener({ ...options, port }))
      running.push(listener)
      ports.set(service.name, listener.port)
    }
    return { waypointCredentials, ports, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startPod(pod: DemoPod, authority: CertificateAuthority): Promise<RunningService[]> {
  const app = await startEchoService({
    service: pod.app,
    version: pod.version,
    pod: pod.name,
    host: pod.host,
    port: pod.port,
  })
  if (pod.hbonePort === undefined) return [app]
  const credentials = authority.issue(pod.namespace, pod.serviceAccount)
  return [app, await startHboneServer({ credentials, host: pod.host, port: pod.hbonePort })]
}

/** On that port, or on a free one when it is taken. */
async function startOnPortOr0(port: number, start: (port: number) => Promise<RunningService>): Promise<RunningService> {
  try {
    return await start(port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return start(0)
  }
}
