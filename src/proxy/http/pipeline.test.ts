import { expect, test } from '@jest/globals'
import type { HttpFilter, InstalledFilter } from './filter.ts'
import { compilePipeline } from './pipeline.ts'

function installed(name: string, more: Partial<HttpFilter<unknown>> = {}): InstalledFilter {
  return { name, disabledByDefault: false, filter: { runtime: undefined, onRequest: () => 0, ...more } }
}

function requestSlots(filters: InstalledFilter[], configured: boolean[]): number[] {
  return compilePipeline(filters, configured).request.map((step) => step.slot)
}

test('requests meet a filter that acts by routes only where a route configures it', () => {
  const filters = [installed('always'), installed('by-route', { actsByRouteOnly: true }), installed('last')]
  expect(requestSlots(filters, [])).toEqual([0, 2])
  expect(requestSlots(filters, [false, true])).toEqual([0, 1, 2])
})

test('responses meet the last filter first', () => {
  const onResponse = (): void => {}
  const filters = [installed('first', { onResponse }), installed('none'), installed('last', { onResponse })]
  expect(compilePipeline(filters, []).response.map((step) => step.installed.name)).toEqual(['last', 'first'])
})
