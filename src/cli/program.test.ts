import { describe, expect, test } from '@jest/globals'
import { type Commands, runProgram } from './program.ts'

async function run(args: string[], exitCode = 0) {
  const calls: [string, unknown][] = []
  let out = ''
  let err = ''
  const record = (name: string) => (options: unknown) => {
    calls.push([name, options])
    return Promise.resolve(exitCode)
  }
  const commands: Commands = {
    proxy: record('proxy'),
    translate: record('translate'),
    validate: record('validate'),
    demo: record('demo'),
  }
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), isColor: false }
  return { code: await runProgram(args, '1.2.3', commands, terminal), calls, out, err }
}

describe('cairn', () => {
  test('prints its help when called with nothing, and its version when asked', async () => {
    const help = await run([])
    expect([help.code, help.err]).toEqual([0, ''])
    for (const command of ['proxy', 'translate', 'validate', 'demo']) expect(help.out).toContain(`\n  ${command} `)
    expect(await run(['--version'])).toMatchObject({ code: 0, out: '1.2.3\n', calls: [] })
  })

  test('ends with 2 when it is called wrongly, says what was wrong and where to read more', async () => {
    const { code, calls, out, err } = await run(['prox'])
    expect([code, calls, out]).toEqual([2, [], ''])
    expect(err).toContain("unknown command 'prox'")
    expect(err).toContain('cairn --help')
  })

  test('ends with the exit code of the command', async () => {
    expect((await run(['validate', 'x.yaml'], 1)).code).toBe(1)
  })

  test.each(['proxy', 'translate', 'validate', 'demo'])('shows examples in the help of %s', async (command) => {
    const { code, out } = await run([command, '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`Examples:\\n {2}# .+\\n {2}\\$ cairn ${command}`))
  })
})

describe('cairn proxy', () => {
  const defaults = {
    certsFolder: undefined,
    listen: undefined,
    admin: undefined,
    concurrency: 1,
    skipUnsupported: false,
    logLevel: 'info',
    drainTimeMs: 45_000,
  }

  test('takes Kubernetes objects from several paths', async () => {
    const args = ['proxy', '--resources', 'a.yaml', 'b', '--certs', 'c', '--waypoint', 'demo/waypoint']
    expect((await run(args)).calls).toEqual([
      [
        'proxy',
        {
          ...defaults,
          origin: { kind: 'resources', paths: ['a.yaml', 'b'], waypoint: { namespace: 'demo', name: 'waypoint' } },
          certsFolder: 'c',
        },
      ],
    ])
  })

  test('takes an Envoy configuration and everything that can be set', async () => {
    const args = [
      'proxy',
      '--envoy-config',
      'e.yaml',
      '--listen',
      '[::]:15008',
      '--admin',
      '19000',
      '--concurrency',
      '4',
    ]
    args.push('--skip-unsupported', '--log-level', 'debug', '--drain-time', '500ms')
    expect((await run(args)).calls).toEqual([
      [
        'proxy',
        {
          origin: { kind: 'envoy-config', file: 'e.yaml' },
          certsFolder: undefined,
          listen: { host: '::', port: 15008 },
          admin: { host: '127.0.0.1', port: 19000 },
          concurrency: 4,
          skipUnsupported: true,
          logLevel: 'debug',
          drainTimeMs: 500,
        },
      ],
    ])
  })

  test.each([
    [[], 'exactly one of --resources, --envoy-config and --envoy-resources'],
    [['--envoy-config', 'a', '--envoy-resources', 'b'], 'exactly one of'],
    [['--resources', 'a'], '--resources needs --waypoint'],
    [['--resources', 'a', '--waypoint', 'waypoint'], 'Write NAMESPACE/NAME'],
    [['--envoy-config', 'a', '--admin', 'localhost:1'], 'Write IP:PORT'],
    [['--envoy-config', 'a', '--admin', '127.0.0.1:65536'], 'Write IP:PORT'],
    [['--envoy-config', 'a', '--concurrency', '0'], 'Write a number above 0'],
    [['--envoy-config', 'a', '--drain-time', 'soon'], 'Write a duration'],
    [['--envoy-config', 'a', '--log-level', 'loud'], 'Allowed choices are trace, debug, info'],
  ])('refuses %j', async (args, message) => {
    const { code, calls, err } = await run(['proxy', ...args])
    expect([code, calls]).toEqual([2, []])
    expect(err).toContain(message)
  })
})

describe('the other commands', () => {
  test('pass on what they were given', async () => {
    expect((await run(['translate', 'a', 'b', '--stock', '-o', 'json'])).calls).toEqual([
      [
        'translate',
        {
          paths: ['a', 'b'],
          waypoint: undefined,
          certsFolder: undefined,
          listen: undefined,
          stock: true,
          format: 'json',
        },
      ],
    ])
    expect((await run(['validate', 'a'])).calls).toEqual([['validate', { paths: ['a'], format: 'text' }]])
    expect((await run(['demo', '--once'])).calls).toEqual([
      ['demo', { once: true, folder: 'examples/demo', firstPort: 18080 }],
    ])
  })

  test('need what they work on', async () => {
    expect((await run(['translate'])).err).toContain("missing required argument 'path'")
    expect((await run(['validate', 'a', '-o', 'xml'])).code).toBe(2)
  })
})
