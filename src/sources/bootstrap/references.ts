// Which other resources a message names, and the files it says they are in (Envoy's path_config_source).

import type { DescMessage, Message } from '@bufbuild/protobuf'
import { fieldPath } from '../../envoy/config-error.ts'
import type { ConfigSource } from '../../envoy/generated/envoy/config/core/v3/config_source_pb.js'
import { Cluster_DiscoveryType, type Cluster } from '../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js'
import { ClusterLoadAssignmentSchema } from '../../envoy/generated/envoy/config/endpoint/v3/endpoint_pb.js'
import { RouteConfigurationSchema } from '../../envoy/generated/envoy/config/route/v3/route_pb.js'
import type { Rds } from '../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js'
import { SecretSchema } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'
import type { SdsSecretConfig } from '../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js'

export interface FileSource {
  /** Undefined: not in a file. */
  readonly file: string | undefined
  readonly watchedDirectory: string | undefined
}

export interface Reference extends FileSource {
  readonly schema: DescMessage
  readonly name: string
  /** Where it is named. */
  readonly path: string
}

/** What `message` itself names; undefined for nothing. Messages inside it speak for themselves. */
export function referenceOf(message: Message, path: string): Reference | undefined {
  switch (message.$typeName) {
    case 'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': {
      const { name, sdsConfig } = message as SdsSecretConfig
      return { schema: SecretSchema, name, path: fieldPath(path, 'name'), ...fileSource(sdsConfig) }
    }
    case 'envoy.extensions.filters.network.http_connection_manager.v3.Rds': {
      const { routeConfigName, configSource } = message as Rds
      const at = fieldPath(path, 'route_config_name')
      return { schema: RouteConfigurationSchema, name: routeConfigName, path: at, ...fileSource(configSource) }
    }
    case 'envoy.config.cluster.v3.Cluster': {
      const { name, edsClusterConfig, clusterDiscoveryType } = message as Cluster
      if (clusterDiscoveryType.value !== Cluster_DiscoveryType.EDS) return undefined
      return {
        schema: ClusterLoadAssignmentSchema,
        name: edsClusterConfig?.serviceName || name,
        path: fieldPath(path, edsClusterConfig === undefined ? 'type' : 'eds_cluster_config'),
        ...fileSource(edsClusterConfig?.edsConfig),
      }
    }
    default:
      return undefined
  }
}

export function fileSource(config: ConfigSource | undefined): FileSource {
  const specifier = config?.configSourceSpecifier
  if (specifier?.case === 'path') return { file: specifier.value, watchedDirectory: undefined }
  if (specifier?.case !== 'pathConfigSource') return { file: undefined, watchedDirectory: undefined }
  return { file: specifier.value.path, watchedDirectory: specifier.value.watchedDirectory?.path }
}
