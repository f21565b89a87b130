import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { printSupport } from './print-support.ts'

const page = join(import.meta.dirname, '../../docs/support.md')

test('src/docs/support.md says what the tables say (else run npm run support)', () => {
  expect(readFileSync(page, 'utf8')).toBe(printSupport())
})

test('the page tells executed fields, refused values and the types of an extension point apart', () => {
  const text = printSupport()
  expect(text).toContain('| `envoy.extensions.filters.http.router.v3.Router` | executed |')
  expect(text).toContain('| `upstream_http_filters` | executed: the types of envoy.filters.http.upstream |')
  expect(text).toMatch(/\| `\w+`(, `\w+`)* \| executed, but for `[A-Z_0-9]+`/)
})
