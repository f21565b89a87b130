// What `cairn translate` prints is accepted by an unmodified Envoy.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toJson } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { BootstrapSchema } from '../../src/envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { toBootstrap } from '../../src/translate/bootstrap.ts'
import { certificatesInFolder, meshSecrets } from '../../src/envoy/mesh-secrets.ts'
import { translate } from '../../src/translate/translate.ts'
import { MeshAuthority, writeIdentity } from '../support/certificates.ts'
import { findEnvoyBinary } from '../support/envoy-binary.ts'
import { loadScenario } from './load-scenario.ts'

let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-stock-'))
  const authority = await MeshAuthority.create()
  writeIdentity(folder, await authority.issue('demo', 'waypoint'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  '01-plain',
  '03-weights',
  '04-filters',
  '05-timeouts-retries',
  '06-grpcroute',
  '07-authz',
  '08-authz-custom',
  '09-jwt',
  '11-tcp',
  '14-cross-namespace',
  '15-workload-waypoint',
  '19-root-policies',
])(
  'a real Envoy accepts the translation of %s',
  (name) => {
    const { store, waypoint } = loadScenario(name)
    const translation = translate(store, { waypoint, now: 0 })
    const bootstrap = toBootstrap(translation, { waypoint, secrets: meshSecrets(certificatesInFolder(folder)) })
    const file = join(folder, `${name}.json`)
    writeFileSync(file, JSON.stringify(toJson(BootstrapSchema, bootstrap, { registry, useProtoFieldName: true })))
    const output = execFileSync(findEnvoyBinary(), ['--mode', 'validate', '-c', file, '-l', 'warn'], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    expect(output).toContain('OK')
  },
  60_000,
)
