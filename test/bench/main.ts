// `npm run bench`: Cairn beside the real Envoy, the same configuration, the same core, in turn. `--help` lists the options.

import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Transcript } from '../support/result-file.ts'
import { measureHarness } from './harness.ts'
import { measureHeadline } from './headline.ts'
import { measureIdleTunnels } from './idle-tunnels.ts'
import { loadSection, measureWorkload } from './paired-load.ts'
import { canPin } from './pinned.ts'
import { toMarkdown, writeReport } from './report.ts'
import { Rig } from './rig.ts'
import { measureRouteChange } from './route-change.ts'
import type { BenchContext, Section } from './scenario.ts'
import { cairnCommand, cairnResourcesCommand, cairnSubject, envoySubject } from './subject.ts'
import { workloads } from './workloads.ts'

const help = `node test/bench/main.ts [options]
  --only NAME,...       only these parts: harness, ${workloads.map((workload) => workload.name).join(', ')},
                        headline, route-change, idle-tunnels; a name may end in *
  --quick               one pair of 3 s runs after 1.5 s warm-up, headline 10 s: while developing
  --pairs N             pairs of runs per workload (default 5)
  --seconds N           counted seconds of a run (default 6), --warm-up N before it (default 2.5)
  --duration N          seconds of the headline (default 30)
  --subjects NAME,...   envoy, cairn (default both)
  --cairn COMMAND       start Cairn otherwise; {node} {cairn} {envoy} {config} are replaced
                        (default: ${cairnCommand})
  --cairn-resources COMMAND  the same for the route changes; also {resources} {certs} {port} {admin}
  --write               write the tables and the plot into test/bench/README.md
  --no-record           do not write test/results/bench.json`

const covers = ['src/codec', 'src/proxy', 'src/app', 'test/bench']

interface Arguments {
  only: string[]
  subjects: string[]
  cairn: string
  write: boolean
  record: boolean
  options: BenchContext['options']
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean' },
      pairs: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      duration: { type: 'string' },
      subjects: { type: 'string', default: 'envoy,cairn' },
      cairn: { type: 'string', default: cairnCommand },
      'cairn-resources': { type: 'string', default: cairnResourcesCommand },
      write: { type: 'boolean', default: false },
      'no-record': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  const quick = values.quick === true
  return {
    only: values.only?.split(',') ?? ['*'],
    subjects: values.subjects.split(','),
    cairn: values.cairn,
    write: values.write,
    record: !values['no-record'],
    options: {
      pairs: Number(values.pairs ?? (quick ? 1 : 5)),
      countMs: Number(values.seconds ?? (quick ? 3 : 6)) * 1000,
      warmUpMs: Number(values['warm-up'] ?? (quick ? 1.5 : 2.5)) * 1000,
      headlineMs: Number(values.duration ?? (quick ? 10 : 30)) * 1000,
      cairnResourcesCommand: values['cairn-resources'],
    },
  }
}

async function measure(context: BenchContext, isWanted: (name: string) => boolean): Promise<Section[]> {
  const sections: Section[] = []
  const wanted = workloads.filter((workload) => isWanted(workload.name))
  if (isWanted('harness')) sections.push(await measureHarness(context, workloads.slice(0, 5)))
  const results = []
  for (const workload of wanted) results.push(await measureWorkload(context, workload))
  if (results.length > 0) sections.push(loadSection(results))
  if (isWanted('headline')) sections.push(await measureHeadline(context))
  if (isWanted('route-change')) sections.push(await measureRouteChange(context))
  if (isWanted('idle-tunnels')) sections.push(await measureIdleTunnels(context))
  return sections
}

function describeMachine(): string {
  return `${cpus()[0].model}, ${availableParallelism()} cores, Linux, Node ${process.versions.node}`
}

async function main(): Promise<number> {
  const args = readArguments()
  const transcript = new Transcript()
  const print = (line: string) => transcript.print(line)
  if (!canPin) print('taskset or a second core is missing: proxy and load share cores, the figures are rough')
  print(describeMachine())
  const known = [envoySubject(), cairnSubject(args.cairn)]
  const subjects = known.filter((subject) => args.subjects.includes(subject.name))
  const isWanted = (name: string) =>
    args.only.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
  const rig = await Rig.build()
  let sections: Section[]
  try {
    sections = await measure({ rig, subjects, options: args.options, print }, isWanted)
  } finally {
    await rig.tearDown()
  }
  for (const section of sections) print(`\n${toMarkdown(section)}`)
  const exitCode = sections.every((section) => section.checks.every((check) => check.isMet)) ? 0 : 1
  if (args.record) print(`\nwritten: ${transcript.record('bench', covers, exitCode, sections)}`)
  if (args.write) writeReport(sections, `Measured on ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}.`)
  return exitCode
}

process.exitCode = await main()
