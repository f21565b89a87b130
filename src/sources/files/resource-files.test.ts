import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { describeObject } from '../../resources/object-meta.ts'
import { ResourceFiles, type ResourceSet } from './resource-files.ts'

let folder = ''
let open: ResourceFiles[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-files-'))
})
afterEach(() => {
  for (const files of open) files.close()
  open = []
  rmSync(folder, { recursive: true, force: true })
})

const at = (...parts: string[]) => join(folder, ...parts)
const write = (name: string, text: string) => writeFileSync(at(name), text)
const namespace = (name: string, label = 'x') =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {l: "${label}"}}\n`

function source(...paths: string[]): ResourceFiles {
  const files = new ResourceFiles(paths.length === 0 ? [folder] : paths)
  open.push(files)
  return files
}

const names = ({ objects }: ResourceSet) => objects.map(describeObject).sort()
const label = ({ objects }: ResourceSet, name: string) =>
  objects.find(({ metadata }) => metadata.name === name)?.metadata.labels?.['l']

const policy = (rules: string, service = 'a') =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p}\nspec: {targetRefs: [{kind: Service, name: ${service}}], rules: ${rules}}\n`

describe('reading', () => {
  test('takes YAML and JSON files of all folders below, and named files whatever their name', () => {
    mkdirSync(at('deep', 'er'), { recursive: true })
    mkdirSync(at('.hidden'))
    write('a.yaml', namespace('a'))
    write('deep/b.yml', namespace('b'))
    write('deep/er/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'c' } }))
    write('readme.md', 'not YAML: [')
    write('.a.yaml.swp', 'not YAML: [')
    write('.hidden/d.yaml', namespace('d'))
    write('named.txt', namespace('e'))
    const set = source(folder, at('named.txt')).read()
    expect(names(set)).toEqual(['Namespace a', 'Namespace b', 'Namespace c', 'Namespace e'])
    expect(set.diagnostics).toEqual([])
  })

  test('is not caught by links that lead in a circle or nowhere', () => {
    write('a.yaml', namespace('a'))
    symlinkSync(folder, at('loop'))
    symlinkSync(at('nothing.yaml'), at('dangling.yaml'))
    const set = source().read()
    expect(names(set)).toEqual(['Namespace a'])
    expect(set.diagnostics).toEqual([])
  })

  test('names paths that do not exist and objects that are written twice', () => {
    write('a.yaml', namespace('a'))
    write('b.yaml', namespace('a'))
    const { diagnostics, objects } = source(folder, at('missing')).read()
    expect(objects).toHaveLength(1)
    expect(diagnostics.map(({ file, message }) => [file, message])).toEqual([
      [at('missing'), 'does not exist'],
      [at('b.yaml'), `is written twice, first in ${at('a.yaml')}:1`],
    ])
  })

  test('again gives the same set when nothing changed, even when a file was rewritten with the same text', () => {
    write('a.yaml', namespace('a'))
    const files = source()
    const first = files.read()
    expect(files.read()).toBe(first)
    unlinkSync(at('a.yaml'))
    write('a.yaml', namespace('a'))
    expect(files.read()).toBe(first)
  })
})

describe('the last good version', () => {
  test('of an object that becomes wrong stays, and is said to be outdated; the others follow the file', () => {
    write('a.yaml', `${namespace('a', '1')}---\n${namespace('b', '1')}`)
    const files = source()
    files.read()
    write('a.yaml', `${namespace('a', '2')}---\n${namespace('b', '2').replace('labels', 'lables')}`)
    const set = files.read()
    expect([label(set, 'a'), label(set, 'b')]).toEqual(['2', '1'])
    expect(set.outdated).toEqual(['Namespace b'])
    expect(set.diagnostics).toHaveLength(1)
    write('a.yaml', `${namespace('a', '3')}---\n${namespace('b', '3')}`)
    const repaired = files.read()
    expect([label(repaired, 'b'), repaired.outdated, repaired.diagnostics]).toEqual(['3', [], []])
  })

  test('of all objects stays when the YAML is broken, and survives a second broken version', () => {
    write('a.yaml', `${namespace('a', '1')}---\n${namespace('b', '1')}`)
    const files = source()
    files.read()
    for (const broken of ['{[', `${namespace('a', '2')}---\n}`]) {
      write('a.yaml', broken)
      expect(names(files.read())).toEqual(['Namespace a', 'Namespace b'])
    }
    expect(label(files.read(), 'a')).toBe('2')
    write('a.yaml', namespace('a', '3'))
    expect(names(files.read())).toEqual(['Namespace a'])
  })

  test('of a named file that is gone for now stays until it is back', () => {
    write('a.yaml', namespace('a'))
    const files = source(at('a.yaml'))
    files.read()
    unlinkSync(at('a.yaml'))
    expect(files.read()).toMatchObject({ outdated: ['Namespace a'], diagnostics: [{ message: 'does not exist' }] })
    write('a.yaml', namespace('a'))
    expect(files.read()).toMatchObject({ outdated: [], diagnostics: [] })
  })

  const unreadable = process.getuid?.() === 0 ? test.skip : test
  unreadable('of a file that may not be read stays (skipped for root, who may read everything)', () => {
    write('a.yaml', namespace('a', '1'))
    const files = source()
    files.read()
    write('a.yaml', namespace('a', '2'))
    chmodSync(at('a.yaml'), 0)
    expect(label(files.read(), 'a')).toBe('1')
  })
})

describe('watching', () => {
  /** Makes a change and gives the set that the watch reports after it. */
  async function after(change: () => void, watched = [folder]): Promise<ResourceSet> {
    const files = source(...watched)
    files.read()
    const next = new Promise<ResourceSet>((resolve) => files.watch(resolve, { quietMs: 5, pollMs: 0 }))
    change()
    const set = await next
    files.close()
    return set
  }

  test('sees a file written, added in a new folder, renamed over and removed', async () => {
    write('a.yaml', namespace('a', '1'))
    expect(label(await after(() => write('a.yaml', namespace('a', '2'))), 'a')).toBe('2')
    const replaced = await after(() => {
      write('a.yaml.new~', namespace('a', '3'))
      renameSync(at('a.yaml.new~'), at('a.yaml'))
    })
    expect(label(replaced, 'a')).toBe('3')
    const files = source()
    files.read()
    const sets: ResourceSet[] = []
    let wake = () => {}
    files.watch((set) => {
      sets.push(set)
      wake()
    }, { quietMs: 5, pollMs: 0 }) // prettier-ignore
    const reported = (count: number) =>
      new Promise<void>((resolve) => {
        wake = () => {
          if (sets.length >= count) resolve()
        }
        wake()
      })
    mkdirSync(at('new'))
    write('new/b.yaml', namespace('b'))
    await reported(1)
    expect(names(sets[0])).toEqual(['Namespace a', 'Namespace b'])
    rmSync(at('new'), { recursive: true })
    await reported(2)
    expect(names(sets[1])).toEqual(['Namespace a'])
  })

  test('sees the files of a ConfigMap volume swapped, and each file once', async () => {
    const version = (name: string, text: string) => {
      mkdirSync(at(name))
      write(`${name}/a.yaml`, text)
    }
    version('..v1', namespace('a', '1'))
    symlinkSync('..v1', at('..data'))
    symlinkSync('..data/a.yaml', at('a.yaml'))
    const set = await after(() => {
      version('..v2', namespace('a', '2'))
      symlinkSync('..v2', at('..data_tmp'))
      renameSync(at('..data_tmp'), at('..data'))
      rmSync(at('..v1'), { recursive: true })
    })
    expect([names(set), label(set, 'a')]).toEqual([['Namespace a'], '2'])
  })

  test('sees a named file that an editor replaces', async () => {
    write('a.yaml', namespace('a', '1'))
    const set = await after(() => {
      unlinkSync(at('a.yaml'))
      write('a.yaml', namespace('a', '2'))
    }, [at('a.yaml')])
    expect(label(set, 'a')).toBe('2')
  })

  test('sees what happened between the first reading and the watch', async () => {
    write('a.yaml', namespace('a', '1'))
    const files = source()
    files.read()
    write('a.yaml', namespace('a', '2'))
    const set = await new Promise<ResourceSet>((resolve) => files.watch(resolve, { quietMs: 5, pollMs: 0 }))
    expect(label(set, 'a')).toBe('2')
  })

  test('finds changes without any event, by looking from time to time', async () => {
    write('a.yaml', namespace('a', '1'))
    const files = source()
    files.read()
    // A quiet time that never ends: only polling is left.
    const next = new Promise<ResourceSet>((resolve) => files.watch(resolve, { quietMs: 2 ** 30, pollMs: 5 }))
    write('a.yaml', namespace('a', '2'))
    expect(label(await next, 'a')).toBe('2')
  })
})

test('what guards access and cannot be read denies, unless its last good version stays', () => {
  const served = (set: ResourceSet) => set.objects.map((object) => [(object as any).unreadable, (object as any).spec])
  const files = source()
  write('a.yaml', policy('[{nope: 1}]'))
  const first = files.read()
  expect(served(first)).toMatchObject([[expect.stringMatching(/nope/), { action: 'DENY' }]])
  expect(first.outdated).toEqual([])
  write('a.yaml', policy('[{other: 1}]', 'b'))
  expect(served(files.read())).toMatchObject([[expect.stringMatching(/other/), { targetRefs: [{ name: 'b' }] }]])
  write('a.yaml', `${policy('[{}]')}broken: [`)
  expect(served(files.read())[0]).toMatchObject([expect.stringMatching(/other/), { targetRefs: [{ name: 'b' }] }])
  write('a.yaml', policy('[{}]'))
  expect(served(files.read())).toMatchObject([[undefined, { rules: [{}] }]])
  write('a.yaml', policy('[{nope: 1}]'))
  const last = files.read()
  expect(served(last)).toMatchObject([[undefined, { rules: [{}] }]])
  expect(last.outdated).toEqual(['AuthorizationPolicy default/p'])
})

test('what cannot be read at all denies everything if it seems to guard access and was never good', () => {
  const policies = ({ objects }: ResourceSet) =>
    objects
      .filter(({ kind }) => kind === 'AuthorizationPolicy')
      .map(({ metadata, spec }: any) => [metadata, spec.targetRefs])
  const files = source()
  write('a.yaml', `${namespace('a')}---\n${policy('[{}]')}broken: [`)
  const everything = [{ name: `${at('a.yaml')}:5`, namespace: '' }, [{ kind: '', name: '' }]]
  expect(policies(files.read())).toEqual([everything])
  write('a.yaml', policy('[{}]').replace('name: p', 'generateName: p'))
  expect(policies(source().read())).toMatchObject([[{ namespace: 'default' }, [{ kind: 'Service', name: 'a' }]]])
  write('a.yaml', policy('[{}]'))
  const good = policies(files.read())
  expect(good).toMatchObject([[{ name: 'p' }, [{ name: 'a' }]]])
  write('a.yaml', `${policy('[{}]')}broken: [`)
  expect(policies(files.read())).toEqual(good)
})
