// What the first configuration took to build is garbage when it runs. V8 would keep the pages for later, which may never come.

/** For a moment when nobody waits: tens of milliseconds. Does nothing in a process that was not started for it (src/cli/cairn.js). */
export function giveBackMemory(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
