// The parts of a configuration dump: which message of envoy.admin.v3 each is, and how it is filled.

import { create } from '@bufbuild/protobuf'
import type { DescMessage, Message, MessageInitShape } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  BootstrapConfigDumpSchema,
  SecretsConfigDumpSchema,
} from '../../envoy/generated/envoy/admin/v3/config_dump_pb.js'
import type { SecretsConfigDump_DynamicSecretSchema } from '../../envoy/generated/envoy/admin/v3/config_dump_pb.js'
import {
  ClustersConfigDumpSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDumpSchema,
  ScopedRoutesConfigDumpSchema,
} from '../../envoy/generated/envoy/admin/v3/config_dump_shared_pb.js'
import type {
  ClustersConfigDump_DynamicClusterSchema,
  ListenersConfigDump_DynamicListenerSchema,
  ListenersConfigDump_DynamicListenerStateSchema,
  UpdateFailureStateSchema,
} from '../../envoy/generated/envoy/admin/v3/config_dump_shared_pb.js'
import { unpackAny } from '../../envoy/any.ts'
import { resourceName } from '../../envoy/resource-name.ts'
import type { ConfigDump, DumpedListener, DumpedResource, UpdateFailure } from '../admin-source.ts'

/** Whether a resource of this name is asked for. */
export type NameFilter = (name: string) => boolean

export interface DumpSection {
  readonly desc: DescMessage
  /** Undefined when the dump has no such part. */
  build(dump: ConfigDump, wanted: NameFilter): Message | undefined
}

/** In Envoy's order, which decides where `resource` is looked up first. */
export const DUMP_SECTIONS: readonly DumpSection[] = [
  {
    desc: BootstrapConfigDumpSchema,
    build: ({ bootstrap, bootstrapUpdatedMs }) =>
      create(BootstrapConfigDumpSchema, { bootstrap, lastUpdated: timestampFromMs(bootstrapUpdatedMs) }),
  },
  { desc: ClustersConfigDumpSchema, build: buildClusters },
  { desc: EndpointsConfigDumpSchema, build: buildEndpoints },
  { desc: ListenersConfigDumpSchema, build: buildListeners },
  { desc: ScopedRoutesConfigDumpSchema, build: () => create(ScopedRoutesConfigDumpSchema) },
  { desc: RoutesConfigDumpSchema, build: buildRoutes },
  { desc: SecretsConfigDumpSchema, build: buildSecrets },
]

function buildClusters({ clusters }: ConfigDump, wanted: NameFilter): Message {
  return create(ClustersConfigDumpSchema, {
    versionInfo: clusters.versionInfo,
    staticClusters: select(clusters.static, wanted).map((one) => ({
      cluster: one.resource,
      lastUpdated: timestampFromMs(one.updatedMs),
    })),
    dynamicActiveClusters: select(clusters.dynamicActive, wanted).map(dynamicCluster),
    dynamicWarmingClusters: select(clusters.dynamicWarming, wanted).map(dynamicCluster),
  })
}

function dynamicCluster(one: DumpedResource): MessageInitShape<typeof ClustersConfigDump_DynamicClusterSchema> {
  return {
    versionInfo: one.versionInfo ?? '',
    cluster: one.resource,
    lastUpdated: timestampFromMs(one.updatedMs),
    errorState: failure(one.error),
  }
}

function buildEndpoints({ endpoints }: ConfigDump, wanted: NameFilter): Message | undefined {
  if (endpoints === undefined) return undefined
  const ofName = (list: NonNullable<ConfigDump['endpoints']>['static']) =>
    list
      .filter((any) => wanted(resourceName(unpackAny(any).message as Message)))
      .map((endpointConfig) => ({ endpointConfig }))
  return create(EndpointsConfigDumpSchema, {
    staticEndpointConfigs: ofName(endpoints.static),
    dynamicEndpointConfigs: ofName(endpoints.dynamic),
  })
}

function buildListeners({ listeners }: ConfigDump, wanted: NameFilter): Message {
  return create(ListenersConfigDumpSchema, {
    versionInfo: listeners.versionInfo,
    staticListeners: select(listeners.static, wanted).map((one) => ({
      listener: one.resource,
      lastUpdated: timestampFromMs(one.updatedMs),
    })),
    dynamicListeners: listeners.dynamic.filter(({ name }) => wanted(name)).map(dynamicListener),
  })
}

function dynamicListener(one: DumpedListener): MessageInitShape<typeof ListenersConfigDump_DynamicListenerSchema> {
  return {
    name: one.name,
    activeState: listenerState(one.active),
    warmingState: listenerState(one.warming),
    drainingState: listenerState(one.draining),
    errorState: failure(one.error),
  }
}

function listenerState(
  one: DumpedResource | undefined,
): MessageInitShape<typeof ListenersConfigDump_DynamicListenerStateSchema> | undefined {
  if (one === undefined) return undefined
  return { versionInfo: one.versionInfo ?? '', listener: one.resource, lastUpdated: timestampFromMs(one.updatedMs) }
}

function buildRoutes({ routes }: ConfigDump, wanted: NameFilter): Message {
  return create(RoutesConfigDumpSchema, {
    staticRouteConfigs: select(routes.static, wanted).map((one) => ({
      routeConfig: one.resource,
      lastUpdated: timestampFromMs(one.updatedMs),
    })),
    dynamicRouteConfigs: select(routes.dynamic, wanted).map((one) => ({
      versionInfo: one.versionInfo ?? '',
      routeConfig: one.resource,
      lastUpdated: timestampFromMs(one.updatedMs),
      errorState: failure(one.error),
    })),
  })
}

function buildSecrets({ secrets }: ConfigDump, wanted: NameFilter): Message {
  return create(SecretsConfigDumpSchema, {
    // Envoy says of static secrets neither when they came nor of which version they are.
    staticSecrets: select(secrets.static, wanted).map(({ name, resource }) => ({ name, secret: resource })),
    dynamicActiveSecrets: select(secrets.dynamicActive, wanted).map(dynamicSecret),
    dynamicWarmingSecrets: select(secrets.dynamicWarming, wanted).map(dynamicSecret),
  })
}

function dynamicSecret(one: DumpedResource): MessageInitShape<typeof SecretsConfigDump_DynamicSecretSchema> {
  return {
    name: one.name,
    versionInfo: one.versionInfo ?? '',
    lastUpdated: timestampFromMs(one.updatedMs),
    secret: one.resource,
    errorState: failure(one.error),
  }
}

function select(resources: readonly DumpedResource[], wanted: NameFilter): DumpedResource[] {
  return resources.filter(({ name }) => wanted(name))
}

function failure(error: UpdateFailure | undefined): MessageInitShape<typeof UpdateFailureStateSchema> | undefined {
  if (error === undefined) return undefined
  return {
    failedConfiguration: error.failedConfiguration,
    lastUpdateAttempt: timestampFromMs(error.lastAttemptMs),
    details: error.details,
    versionInfo: error.versionInfo,
  }
}
