// Bundles the program into dist/: what is installed and measured. Without type stripping a process starts in half the time
// and holds 56 MB less (decision 0002). `node scripts/build.mjs`.

import { copyFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname

rmSync(`${root}dist`, { recursive: true, force: true })
await build({
  entryPoints: {
    cairn: `${root}src/cli/main.ts`,
    worker: `${root}src/app/worker.ts`,
    'configuration-worker': `${root}src/app/configuration-worker.ts`,
  },
  outdir: `${root}dist/bundle`,
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  sourcemap: 'linked',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  // CommonJS packages that are bundled need `require` for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
// Beside the chunk that reads it.
copyFileSync(`${root}src/envoy/generated/descriptors.binpb`, `${root}dist/bundle/descriptors.binpb`)
