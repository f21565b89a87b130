// The examples, with an unmodified Envoy as the waypoint: what is translated from their objects not only loads but answers as
// requests.txt expects, through mTLS tunnels on both sides.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toJson } from '@bufbuild/protobuf'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runDemo } from '../../src/demo/run-demo.ts'
import type { WaypointOptions } from '../../src/demo/waypoint-process.ts'
import { registry } from '../../src/envoy/generated/descriptors.js'
import { BootstrapSchema } from '../../src/envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js'
import { certificatesInFolder, meshSecrets } from '../../src/envoy/mesh-secrets.ts'
import { formatDiagnostic } from '../../src/resources/diagnostic.ts'
import { ResourceStore } from '../../src/resources/resource-store.ts'
import { ResourceFiles } from '../../src/sources/files/resource-files.ts'
import { toBootstrap } from '../../src/translate/bootstrap.ts'
import { translate } from '../../src/translate/translate.ts'
import { findEnvoyBinary } from '../support/envoy-binary.ts'

const examples = join(import.meta.dirname, '../../examples')

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-demo-on-envoy-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Pods of examples have fixed ports; another address keeps them apart from a demo that runs beside this test. */
function copyExample(name: string): void {
  cpSync(join(examples, name), folder, { recursive: true })
  const mesh = join(folder, 'mesh.yaml')
  writeFileSync(mesh, readFileSync(mesh, 'utf8').replaceAll('127.0.0.1', '127.77.3.1'))
}

function envoy({ resources, certs, namespace, name, listenPort, adminPort }: WaypointOptions): string[] {
  const { objects, diagnostics } = new ResourceFiles([resources]).read()
  const waypoint = { namespace, name }
  const listen = [{ address: '127.0.0.1', port: listenPort }]
  const translation = translate(ResourceStore.of(objects), { waypoint, listen, now: 0 })
  expect([...diagnostics, ...translation.diagnostics].map(formatDiagnostic)).toEqual([])
  const bootstrap = toBootstrap(translation, {
    waypoint,
    secrets: meshSecrets(certificatesInFolder(certs)),
    admin: { address: '127.0.0.1', port: adminPort },
  })
  const file = join(folder, 'envoy.json')
  writeFileSync(file, JSON.stringify(toJson(BootstrapSchema, bootstrap, { registry, useProtoFieldName: true })))
  return [findEnvoyBinary(), '-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'warning']
}

test.each(readdirSync(examples))('every request of the example %s gets the expected answer from a real Envoy', async (name) => {
  copyExample(name)
  let output = ''
  const write = (text: string) => void (output += text)
  const exitCode = await runDemo({ once: true, folder, firstPort: 28_800 }, { out: write, err: write, isColor: false }, envoy)
  expect([exitCode, output]).toEqual([0, expect.stringContaining('answered as expected')])
}, 60_000) // prettier-ignore
