// The name by which a resource is known.
import type { Message } from '@bufbuild/protobuf'

/** Of a Listener, Cluster, RouteConfiguration, Secret: `name`; of a ClusterLoadAssignment: `cluster_name`. */
export function resourceName(message: Message): string {
  const named = message as Message & { name?: string; clusterName?: string }
  return named.name ?? named.clusterName ?? ''
}
