// Writes src/docs/support.md from the support tables: `npm run support`.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printSupport } from '../src/envoy/support/print-support.ts'

writeFileSync(join(import.meta.dirname, '..', 'src', 'docs', 'support.md'), printSupport())
