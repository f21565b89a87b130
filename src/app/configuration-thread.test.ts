import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { MeshAuthority, writeIdentity } from '../../test/support/certificates.ts'
import { applyPatch, emptySnapshot, type Snapshot } from '../envoy/snapshot.ts'
import type { ConfigurationOrigin } from './command-options.ts'
import { ConfigurationThread } from './configuration-thread.ts'

// A thread that runs from sources takes a second or two to start.
jest.setTimeout(30_000)

let folder = ''
const open: ConfigurationThread[] = []
const at = (...parts: string[]) => join(folder, ...parts)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-configuration-thread-'))
})
afterEach(() => {
  for (const thread of open.splice(0)) thread.close()
  rmSync(folder, { recursive: true, force: true })
})

function thread(origin: ConfigurationOrigin, certsFolder?: string): ConfigurationThread {
  const made = new ConfigurationThread({ origin, certsFolder, listen: undefined, skipUnsupported: false })
  open.push(made)
  return made
}

/** A bootstrap with a cluster of this port, whose listener answers what the file `body` holds. */
function bootstrap(port: number): void {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } }
  const load_assignment = { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] }
  const clusters = [{ name: 'c', type: 'STATIC', load_assignment }]
  writeFileSync(at('envoy.json'), JSON.stringify({ node: { id: 'n' }, static_resources: { clusters } }))
}

async function touched(of: ConfigurationThread, change: () => void): Promise<void> {
  const called = new Promise<void>((resolve) => of.watch(resolve))
  change()
  await called
}

function after(before: Snapshot, patch: Parameters<typeof applyPatch>[1]): Snapshot {
  const entries = new Map(before.entries)
  applyPatch(entries, patch)
  return { version: patch.version, entries }
}

test('reads Envoy files anew for each change, and says what is different', async () => {
  bootstrap(1)
  const files = thread({ kind: 'envoy-config', file: at('envoy.json') })
  const first = await files.next(emptySnapshot)
  expect(first.errors).toEqual([])
  expect(first.bootstrap?.nodeId).toBe('n')
  const held = after(emptySnapshot, first.patch)
  expect([...held.entries.keys()]).toEqual(['cluster c'])
  await touched(files, () => bootstrap(2))
  const second = await files.next(held)
  expect(second.patch.operations.map(({ op }) => op)).toEqual(['set'])
  expect((await files.next(after(held, second.patch))).patch.operations).toEqual([])
})

test('judges a change before any worker sees it', async () => {
  bootstrap(1)
  const files = thread({ kind: 'envoy-config', file: at('envoy.json') })
  const held = after(emptySnapshot, (await files.next(emptySnapshot)).patch)
  writeFileSync(at('envoy.json'), '{"static_resources": {"clusters": [{"name": "c", "type": "STATIK"}]}}')
  const refused = await files.next(held)
  expect(refused.errors.join()).toContain('STATIK')
  expect(refused.patch.operations).toEqual([])
})

test('keeps the last good certificates, whichever thread found them good', async () => {
  const authority = await MeshAuthority.create()
  writeIdentity(at('certs'), await authority.issue('demo', 'waypoint'))
  bootstrap(1)
  const files = thread({ kind: 'envoy-config', file: at('envoy.json') }, at('certs'))
  const held = after(emptySnapshot, (await files.next(emptySnapshot)).patch)
  expect([...held.entries.keys()]).toContain('secret default')
  writeFileSync(at('certs', 'key.pem'), 'half of')
  const next = await files.next(held)
  expect(next.errors).toEqual([])
  expect(next.warnings.join()).toContain('key.pem')
  expect(next.patch.operations).toEqual([])
})

test('stays with objects, and tells of their changes', async () => {
  const authority = await MeshAuthority.create()
  writeIdentity(at('certs'), await authority.issue('demo', 'waypoint'))
  cpSync(join(import.meta.dirname, '../../examples/demo'), at('demo'), { recursive: true })
  const origin = { kind: 'resources', paths: [at('demo')], waypoint: { namespace: 'demo', name: 'waypoint' } } as const
  const objects = thread(origin, at('certs'))
  const first = await objects.next(emptySnapshot)
  expect(first.errors).toEqual([])
  const held = after(emptySnapshot, first.patch)
  const file = at('demo', 'routes.yaml')
  await touched(objects, () => writeFileSync(file, readFileSync(file, 'utf8').replace('/reviews', '/critics')))
  const second = await objects.next(held)
  expect(second.patch.operations.map((one) => (one.op === 'set' ? one.entry.kind : one.op))).toEqual(['filter-chain'])
})
