// Waits for what several independent peers bring about together, where no single one has an event for it.

import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 5

/** Resolves with true once `condition` holds, with false when it does not within `timeoutMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await delay(pollMs)
  }
  return true
}
