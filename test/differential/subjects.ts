// The proxies that can be compared: how each is started with a bootstrap file. Adding a proxy is adding a line.

import { join } from 'node:path'
import { findEnvoyBinary } from '../support/envoy-binary.ts'
import type { ProxyCommand } from '../support/proxy-process.ts'

/** Program and arguments that run the bootstrap file. */
type Launch = (bootstrapFile: string) => Pick<ProxyCommand, 'program' | 'args'>

const ROOT = join(import.meta.dirname, '../..')

export const SUBJECTS: Readonly<Record<string, Launch>> = {
  envoy: (file) => ({
    program: findEnvoyBinary(),
    args: [
      '-c',
      file,
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '--file-flush-interval-msec',
      '50',
      '-l',
      'warning',
    ],
  }),
  cairn: (file) => ({
    program: process.execPath,
    args: [join(ROOT, 'src/cli/main.ts'), 'proxy', '--envoy-config', file, '--concurrency', '1'],
  }),
}
