// Everything of the demo but the waypoint: the pods with their HBONE ends, and the source side with a plain port for each
// service and each client that calls it.

import { CertificateAuthority, type Credentials } from './certificate-authority.ts'
import { type RunningService, startEchoService } from './echo-service.ts'
import { HboneClient, startTunnelListener } from './hbone-client.ts'
import { startHboneServer } from './hbone-server.ts'
import type { DemoPod, Topology } from './topology.ts'

export interface DemoMesh {
  readonly waypointCredentials: Credentials
  /** The plain port of the source side for a service and a client; undefined for what was not asked for. */
  portOf(service: string, caller?: string): number | undefined
  close(): Promise<void>
}

/** `waypoint` is where the source dials; nothing has to listen there yet. `callers` are further clients: `namespace/account`. */
export async function startMesh(
  topology: Topology,
  waypoint: { host: string; port: number },
  firstPort: number,
  callers: readonly string[] = [],
): Promise<DemoMesh> {
  const authority = new CertificateAuthority()
  const running: RunningService[] = []
  const clients: HboneClient[] = []
  const { namespace, name } = topology.waypoint
  const waypointCredentials = authority.issue(namespace, name)
  const close = async (): Promise<void> => {
    for (const client of clients) client.close()
    await Promise.all(running.map((service) => service.close()))
  }
  const usualCaller = `${namespace}/curl`
  const ports = new Map<string, number>()
  const key = (service: string, caller = usualCaller): string => `${service} as ${caller}`
  try {
    for (const pod of topology.pods) running.push(...(await startPod(pod, authority)))
    for (const caller of [usualCaller, ...callers]) {
      const [callerNamespace, account] = caller.split('/')
      const credentials = authority.issue(callerNamespace, account)
      const client = new HboneClient({ ...waypoint, credentials, expectedSpiffeId: waypointCredentials.spiffeId })
      clients.push(client)
      for (const service of topology.services) {
        const origin = {
          serviceHost: `${service.name}.${service.namespace}.svc.cluster.local`,
          namespace: callerNamespace,
          workload: account,
        }
        const options = { client, authority: service.authority, origin }
        const listener = await startOnPortOr0(firstPort + ports.size, (port) =>
          startTunnelListener({ ...options, port }),
        )
        running.push(listener)
        ports.set(key(service.name, caller), listener.port)
      }
    }
    return { waypointCredentials, portOf: (service, caller) => ports.get(key(service, caller)), close }
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
