import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { registry } from './generated/descriptors.js'

const descriptors = fileURLToPath(new URL('./generated/descriptors.js', import.meta.url))
const program = `
  await import('@bufbuild/protobuf'); await import('@bufbuild/protobuf/wkt')
  gc(); const before = process.memoryUsage().heapUsed
  const { registry } = await import(${JSON.stringify(descriptors)})
  gc(); console.log(process.memoryUsage().heapUsed - before, [...registry].length)`

describe('the generated types', () => {
  test('all descriptors together hold at most 8 MB of heap', () => {
    const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    })
    const [heapBytes, types] = out.trim().split(' ').map(Number)
    expect(types).toBe([...registry].length)
    expect(heapBytes).toBeLessThan(8_000_000)
  })

  test('a well-known type is the one that the protobuf library has, so that its messages are interchangeable', async () => {
    const { AnySchema, DurationSchema } = await import('@bufbuild/protobuf/wkt')
    expect(registry.getMessage('google.protobuf.Any')).toBe(AnySchema)
    expect(registry.getMessage('google.protobuf.Duration')).toBe(DurationSchema)
  })
})
