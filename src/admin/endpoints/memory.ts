// GET /memory: V8's heaps under the names of Envoy's allocator.

import { create } from '@bufbuild/protobuf'
import { MemorySchema } from '../../envoy/generated/envoy/admin/v3/memory_pb.js'
import { jsonAnswer } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { printWithDefaults } from '../print-with-defaults.ts'

export const memory: Endpoint = {
  path: '/memory',
  help: 'print current allocation/heap usage',
  answer(_, source) {
    const usage = source.memory()
    const message = create(MemorySchema, {
      allocated: BigInt(usage.allocatedBytes),
      heapSize: BigInt(usage.heapBytes),
      pageheapFree: BigInt(usage.heapFreeBytes),
      totalPhysicalBytes: BigInt(usage.residentBytes),
    })
    return jsonAnswer(printWithDefaults(MemorySchema, message))
  },
}
