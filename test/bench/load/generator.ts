// A process: runs one load job that comes over IPC, reports, and ends. One process per run, so that no run inherits another's
// heap or compiled code.

import type { FromGenerator, ToGenerator } from './load-job.ts'
import { Hold, runLoad } from './load-run.ts'

let held: Hold | undefined

process.on('message', (message: ToGenerator) => {
  handle(message).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
process.once('disconnect', () => process.exit(0))

async function handle(message: ToGenerator): Promise<void> {
  if ('release' in message) {
    await held?.release()
    process.disconnect!()
  } else if ('hold' in message.job) {
    held = new Hold(message.job)
    const open = await held.open()
    tell({ held: open, errors: held.errors })
  } else {
    const report = await runLoad(message.job, () => tell({ counting: true }))
    tell({ report }, () => process.disconnect!())
  }
}

function tell(message: FromGenerator, sent?: () => void): void {
  process.send!(message, undefined, undefined, sent)
}
