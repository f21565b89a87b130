// Who may import whom. The house is drawn in src/README.md; every rule says why and what to do instead. What a room needs
// from one that it may not import, it declares as a small interface of its own, and app passes an object that fits.

const rooms = [
  'cli', 'app', 'sources', 'kube', 'controller', 'resources', 'translate', 'envoy', 'proxy', 'codec', 'telemetry',
  'explain', 'admin', 'demo', 'lib',
] // prettier-ignore

/** Room -> what it may import besides itself, and why no more. */
const mayImport = {
  lib: [[], 'lib holds small things without domain; whoever needs a domain type takes it as a parameter.'],
  codec: [['lib'], 'Codecs are state machines that run in any host and in any test: bytes and time in, events and bytes out.'],
  envoy: [['lib'], 'The seam must be readable from both sides, so it knows neither of them.'],
  resources: [['lib'], 'What users write is independent of how it is carried out.'],
  telemetry: [['lib'], 'Every room counts and logs, so telemetry knows none of them; sinks are passed in.'],
  kube: [['lib'], 'A client of the Kubernetes API, and nothing of what Cairn does with it.'],
  translate: [['resources', 'envoy', 'lib'], 'A pure function from resources to Envoy configuration; what else it needs is an argument.'],
  proxy: [['envoy', 'codec', 'telemetry', 'lib'], 'The data plane executes a snapshot; where it came from is none of its business.'],
  explain: [['envoy', 'proxy', 'telemetry', 'lib'], 'Explains decisions by running the same evaluators that traffic runs.'],
  sources: [['resources', 'envoy', 'codec', 'kube', 'telemetry', 'lib'], 'Sources deliver objects and Envoy resources; app carries them on.'],
  controller: [['kube', 'resources', 'translate', 'telemetry', 'lib'], 'The controller works on the cluster, never on traffic.'],
  admin: [['envoy', 'telemetry', 'explain', 'lib'], 'Admin shows what it is given; app passes it views of the running proxy.'],
  demo: [['proxy', 'codec', 'lib'], 'The peers of the demo are independent of the product they test.'],
  app: [rooms.filter((room) => room !== 'cli'), 'The composition root builds everything; the command line calls it, not the reverse.'],
  cli: [['app', 'controller', 'translate', 'resources', 'envoy', 'explain', 'demo', 'lib'], 'The command line parses arguments and calls one function; the rest belongs to app.'],
} // prettier-ignore

/** The layers of the data plane, lowest first; a layer imports only those before it. */
const layers = [
  ['stream'], ['connection'], ['matching'], ['format'], ['cluster'], ['policy'], ['http'], ['filters', 'observe'],
  ['network'], ['listener'], ['build'],
] // prettier-ignore

const product = '^src/.+(?<![.]test)[.]ts$'
const alternatives = (names) => names.join('|')

const roomRules = Object.entries(mayImport).map(([room, [allowed, reason]]) => ({
  name: `room-${room}`,
  comment: `${reason} It may import: ${['itself', ...allowed].join(', ')}.`,
  severity: 'error',
  from: { path: `^src/${room}/(?!.*[.]test[.]ts$)` },
  to: { path: '^src/', pathNot: `^src/(${alternatives([room, ...allowed])})/` },
}))

const layerRules = layers.flatMap((layer, at) =>
  layer.map((name) => {
    const below = [...layers.slice(0, at).flat(), name]
    return {
      name: `layer-${name}`,
      comment: `The data plane is built in layers, each of which can be read and tested with only those below it. proxy/${name} may import: ${below.join(', ')}. Declare the interface you need in your own layer and let proxy/build pass the object.`,
      severity: 'error',
      from: { path: `^src/proxy/${name}/(?!.*[.]test[.]ts$)` },
      to: { path: '^src/proxy/', pathNot: `^src/proxy/(${alternatives(below)})/` },
    }
  }),
)

const io = ['fs', 'net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'child_process', 'worker_threads', 'cluster', 'readline', 'repl', 'inspector'] // prettier-ignore

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...roomRules,
    ...layerRules,
    {
      name: 'no-cycle',
      comment: 'Files that need each other to run can only be understood, tested and started together. Move what both need into a third file. (A function may know the type of the object that calls it; between rooms and layers types count, too.)',
      severity: 'error',
      from: { path: '^src/', pathNot: '/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-io-in-pure-rooms',
      comment: 'codec, envoy, resources and translate are pure, so that tests and tools run them anywhere. Take bytes, texts and times as arguments.',
      severity: 'error',
      from: { path: '^src/(codec|envoy|resources|translate)/(?!.*[.]test[.]ts$)' },
      to: { dependencyTypes: ['core'], path: `^(node:)?(${alternatives(io)})(/|$)` },
    },
    {
      name: 'no-node-http-on-the-data-path',
      comment: 'node:http and node:http2 cost four to six times the CPU, and hide what must be decided here. Use src/codec.',
      severity: 'error',
      from: { path: '^src/(proxy|codec)/(?!.*[.]test[.]ts$)' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(http|https|http2)$' },
    },
    {
      name: 'worker-stays-small',
      comment: 'Every worker thread loads what app/worker reaches: memory and start time times the number of workers. Send the worker plain data from the main thread.',
      severity: 'error',
      from: { path: '^src/app/worker' },
      to: {
        reachable: true,
        path: '^src/(sources|kube|controller|translate|resources|admin|explain|cli|demo)/|^node_modules/(yaml|ajv|pino|commander|prom-client|@opentelemetry|@kubernetes)(/|$)',
      },
    },
    {
      name: 'filters-apart',
      comment: 'A filter can be added, read and deleted alone. What two filters share belongs to proxy/policy, proxy/http or proxy/matching.',
      severity: 'error',
      // The ordered list of all filters may import each; a filter may import its own folder.
      from: { path: '^src/proxy/filters/([^/.]+)(?!.*[.]test[.]ts$)', pathNot: '^src/proxy/filters/http-filters[.]ts$' },
      to: { path: '^src/proxy/filters/', pathNot: '^src/proxy/filters/$1[./]' },
    },
    {
      name: 'product-without-tests',
      comment: 'What ships must not depend on what tests it. Building blocks that both need live in src/demo or src/lib.',
      severity: 'error',
      from: { path: product },
      to: { path: '^test/|[.]test[.]ts$' },
    },
    {
      name: 'no-dev-packages-in-product',
      comment: 'A package that only development installs is missing where Cairn runs. Move it to dependencies, with a line in src/docs/dependencies.md.',
      severity: 'error',
      from: { path: product },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'The imported file or package does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(@jest/globals)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/generated/' },
    exclude: { path: '^test/(golden|results)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
} // prettier-ignore
