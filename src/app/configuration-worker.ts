// The configuration thread: reads when it is told to, and says when it would read something else. Everything that reads,
// translates and judges is loaded here and nowhere else.

import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { GoodContents } from '../sources/bootstrap/reading.ts'
import { openConfigurationSource } from './configuration.ts'
import { ConfigurationReader } from './configuration-reader.ts'
import { giveBackMemory } from './give-back-memory.ts'
import type { ConfigurationSetup, FromConfigurationThread, ToConfigurationThread } from './configuration-thread.ts'

const port = parentPort as MessagePort
const { origin, held, before, ...options } = workerData as ConfigurationSetup
const send = (message: FromConfigurationThread): void => port.postMessage(message)

const source = await openConfigurationSource(origin, {
  ...options,
  now: Date.now,
  before: before === undefined ? undefined : GoodContents.from(before),
})
const reader = new ConfigurationReader(source, { held, refusesWhole: origin.kind !== 'resources' })

/** After so long without a change none is expected that a collection could delay. */
const REST_MS = 2000
let resting: NodeJS.Timeout | undefined

async function read(): Promise<void> {
  try {
    send({ type: 'change', change: await reader.next() })
    clearTimeout(resting)
    resting = setTimeout(giveBackMemory, REST_MS).unref()
  } catch (error) {
    send({ type: 'failed', message: (error as Error).message })
  }
}

port.on('message', (message: ToConfigurationThread) => {
  if (message.type === 'read') void read()
  else source.watch(() => send({ type: 'touched' }))
})
