// envoy.admin.v3.Memory: V8's heaps under the names of Envoy's allocator.

import { create } from '@bufbuild/protobuf'
import type { JsonObject } from '@bufbuild/protobuf'
import { MemorySchema } from '../../envoy/generated/envoy/admin/v3/memory_pb.js'
import type { MemoryUsage } from '../admin-source.ts'
import { printWithDefaults } from './print-with-defaults.ts'

export function memoryJson(usage: MemoryUsage): JsonObject {
  const message = create(MemorySchema, {
    allocated: BigInt(usage.allocatedBytes),
    heapSize: BigInt(usage.heapBytes),
    pageheapFree: BigInt(usage.heapFreeBytes),
    totalPhysicalBytes: BigInt(usage.residentBytes),
  })
  return printWithDefaults(MemorySchema, message)
}
