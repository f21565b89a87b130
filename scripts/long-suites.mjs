// The suites that take minutes: how each is run, and for which rooms its result vouches. One entry per suite.

/** @type {ReadonlyArray<{ name: string, command: string[], covers: string[] }>} */
export const longSuites = [
  {
    name: 'bench',
    command: ['node', 'test/bench/main.ts', '--pairs', '3', '--seconds', '3', '--duration', '600', '--write'],
    covers: ['src/codec', 'src/proxy', 'src/app', 'test/bench'],
  },
  {
    name: 'soak',
    command: ['node', 'test/soak/main.ts'],
    covers: ['src/codec', 'src/proxy', 'src/app', 'src/sources', 'src/translate', 'test/soak', 'test/bench/load'],
  },
  {
    name: 'h2spec',
    command: ['node', 'test/h2spec/run.ts'],
    covers: ['src/codec/http2', 'src/codec/hpack', 'src/proxy', 'test/h2spec'],
  },
  {
    name: 'policy',
    command: ['node', 'test/policy/main.ts', '--policies', '4000'],
    covers: ['src/proxy/policy', 'src/proxy/matching', 'src/translate/authorization', 'test/policy'],
  },
  {
    name: 'istio-echo',
    command: ['node', 'test/istio-echo/main.ts'],
    covers: ['src/codec', 'src/proxy', 'src/app', 'src/translate', 'test/istio-echo'],
  },
]
