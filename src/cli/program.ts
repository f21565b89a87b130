// The commands with their options and help. Arguments come in, one typed call goes out; see main.ts for what is called.

import { Command, CommanderError, Option } from 'commander'
import {
  type ConfigurationOrigin,
  logLevels,
  type LogLevel,
  type ObjectName,
  type ProxyOptions,
  type SocketName,
  type TranslateOptions,
  type ValidateOptions,
} from '../app/command-options.ts'
import type { DemoOptions } from '../demo/demo-options.ts'
import { colored, type Terminal } from '../lib/terminal.ts'
import { durationMs, objectName, port, positiveInteger, socketName } from './arguments.ts'

/** What the commands do; each resolves with the exit code. */
export interface Commands {
  proxy(options: ProxyOptions): Promise<number>
  translate(options: TranslateOptions): Promise<number>
  validate(options: ValidateOptions): Promise<number>
  demo(options: DemoOptions): Promise<number>
}

const exitWrongCall = 2

/** Parses `args` (without node and script), runs the command, and resolves with the exit code. */
export async function runProgram(
  args: readonly string[],
  version: string,
  commands: Commands,
  terminal: Terminal,
): Promise<number> {
  let exitCode = 0
  const run = <T>(command: (options: T) => Promise<number>) => {
    return async (options: T): Promise<void> => {
      exitCode = await command(options)
    }
  }
  const program = newCommand('cairn', terminal)
    .description("An Envoy-compatible L7 waypoint proxy for Istio's ambient mesh.")
    .version(version, '--version', 'print the version')
    .addHelpText('after', '\nStart with `cairn demo`. Each command has its own --help, with examples.')
  program.helpCommand(false)
  program.addCommand(
    proxyCommand(
      terminal,
      run((options) => commands.proxy(options)),
    ),
  )
  program.addCommand(
    translateCommand(
      terminal,
      run((options) => commands.translate(options)),
    ),
  )
  program.addCommand(
    validateCommand(
      terminal,
      run((options) => commands.validate(options)),
    ),
  )
  program.addCommand(
    demoCommand(
      terminal,
      run((options) => commands.demo(options)),
    ),
  )
  try {
    if (args.length === 0) {
      terminal.out(program.helpInformation())
      return 0
    }
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has printed its message; help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitWrongCall
    throw error
  }
}

function proxyCommand(terminal: Terminal, run: (options: ProxyOptions) => Promise<void>): Command {
  const command = newCommand('proxy', terminal)
    .description('Carry traffic: as a waypoint from Kubernetes objects, or as a static Envoy configuration says.')
    .option('--resources <path...>', 'files and folders with Kubernetes objects; watched')
    .option('--waypoint <namespace/name>', 'the Gateway to be, with --resources', objectName)
    .option('--envoy-config <file>', 'a static Envoy configuration')
    .option('--envoy-resources <folder>', 'a folder with lds.json, cds.json and eds.json')
    .option('--certs <folder>', 'cert-chain.pem, key.pem and root-cert.pem; watched')
    .option(
      '--listen <ip:port>',
      'where to accept HBONE (default: the port of the Gateway, on all addresses)',
      socketName,
    )
    .option('--admin <ip:port>', 'where the admin interface listens (default: 127.0.0.1:15000)', socketName)
    .option('--concurrency <number>', 'worker threads', positiveInteger, 1)
    .option('--skip-unsupported', 'leave out what is not supported, and list it')
    .addOption(new Option('--log-level <level>', 'what to log').choices(logLevels).default('info'))
    .option('--drain-time <duration>', 'how long connections may take to end after SIGTERM', durationMs, 45_000)
    .addHelpText(
      'after',
      examples([
        ['cairn proxy --resources examples/demo --certs /tmp/certs --waypoint demo/waypoint', 'a waypoint from files'],
        ['cairn proxy --envoy-config envoy.yaml --concurrency 2', "Envoy's configuration as it is"],
      ]),
    )
  return command.action((parsed: ProxyFlags) =>
    run({
      origin: originOf(parsed, command),
      certsFolder: parsed.certs,
      listen: parsed.listen,
      admin: parsed.admin,
      concurrency: parsed.concurrency,
      skipUnsupported: parsed.skipUnsupported === true,
      logLevel: parsed.logLevel,
      drainTimeMs: parsed.drainTime,
    }),
  )
}

interface ProxyFlags {
  resources?: string[]
  waypoint?: ObjectName
  envoyConfig?: string
  envoyResources?: string
  certs?: string
  listen?: SocketName
  admin?: SocketName
  concurrency: number
  skipUnsupported?: true
  logLevel: LogLevel
  drainTime: number
}

function originOf(
  { resources, waypoint, envoyConfig, envoyResources }: ProxyFlags,
  command: Command,
): ConfigurationOrigin {
  const given = [resources, envoyConfig, envoyResources].filter((value) => value !== undefined).length
  if (given !== 1) {
    command.error('error: give exactly one of --resources, --envoy-config and --envoy-resources')
  }
  if (envoyConfig !== undefined) return { kind: 'envoy-config', file: envoyConfig }
  if (envoyResources !== undefined) return { kind: 'envoy-resources', folder: envoyResources }
  if (waypoint === undefined) {
    command.error('error: --resources needs --waypoint NAMESPACE/NAME, the Gateway that this proxy is')
  }
  return { kind: 'resources', paths: resources ?? [], waypoint }
}

function translateCommand(terminal: Terminal, run: (options: TranslateOptions) => Promise<void>): Command {
  return newCommand('translate', terminal)
    .description('Print the Envoy configuration that Kubernetes objects result in.')
    .argument('<path...>', 'files and folders with Kubernetes objects')
    .option('--waypoint <namespace/name>', 'the Gateway to translate for (default: the only one)', objectName)
    .option('--certs <folder>', 'the certificates that the configuration names')
    .option('--listen <ip:port>', 'where it accepts HBONE', socketName)
    .option('--stock', 'only what an unmodified Envoy knows')
    .addOption(outputOption(['yaml', 'json']))
    .addHelpText(
      'after',
      examples([
        ['cairn translate examples/demo', 'as YAML'],
        ['cairn translate examples/demo --stock --certs /tmp/certs > envoy.yaml', 'what Envoy itself runs'],
      ]),
    )
    .action((paths: string[], parsed: TranslateFlags) =>
      run({
        paths,
        waypoint: parsed.waypoint,
        certsFolder: parsed.certs,
        listen: parsed.listen,
        stock: parsed.stock === true,
        format: parsed.output,
      }),
    )
}

interface TranslateFlags {
  waypoint?: ObjectName
  certs?: string
  listen?: SocketName
  stock?: true
  output: 'yaml' | 'json'
}

function validateCommand(terminal: Terminal, run: (options: ValidateOptions) => Promise<void>): Command {
  return newCommand('validate', terminal)
    .description('Say what is wrong with Kubernetes objects or an Envoy configuration; exit code 1 if anything is.')
    .argument('<path...>', 'files and folders')
    .addOption(outputOption(['text', 'json']))
    .addHelpText(
      'after',
      examples([
        ['cairn validate examples/demo', 'every mistake with file, line and remedy'],
        ['cairn validate envoy.yaml -o json', 'for other programs'],
      ]),
    )
    .action((paths: string[], { output }: { output: 'text' | 'json' }) => run({ paths, format: output }))
}

function demoCommand(terminal: Terminal, run: (options: DemoOptions) => Promise<void>): Command {
  return newCommand('demo', terminal)
    .description('Run a mesh on loopback, with services, both HBONE ends and a waypoint, and send requests through it.')
    .option('--once', 'end after the requests; exit code 0 only if every answer was right')
    .option('--examples <folder>', 'the objects and requests', 'examples/demo')
    .option('--port <port>', 'the first of the plain ports of the source side', port, 18080)
    .addHelpText(
      'after',
      examples([
        ['cairn demo', 'until Ctrl-C'],
        ['cairn demo --once', 'as a test'],
      ]),
    )
    .action((parsed: DemoFlags) => run({ once: parsed.once === true, folder: parsed.examples, firstPort: parsed.port }))
}

interface DemoFlags {
  once?: true
  examples: string
  port: number
}

function newCommand(name: string, terminal: Terminal): Command {
  return new Command(name)
    .exitOverride()
    .helpOption('-h, --help', 'print this')
    .showHelpAfterError(`(\`cairn${name === 'cairn' ? '' : ` ${name}`} --help\` says more)`)
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => terminal.isColor,
      getErrHasColors: () => terminal.isColor,
      outputError: (text, write) => write(colored(terminal, 'red', text)),
    })
}

function outputOption(choices: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(choices).default(choices[0])
}

function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  return ['', 'Examples:', ...lines.map(([command, what]) => `  # ${what}\n  $ ${command}`)].join('\n')
}
