// What a command writes to: two streams of text, and whether a person looks at them. Not a logger.

export interface Terminal {
  /** The command's result, for pipes and people. */
  out(text: string): void
  /** What a person should know about it. */
  err(text: string): void
  /** Colours are wanted: a terminal, and NO_COLOR is not set. */
  readonly isColor: boolean
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export type Color = keyof typeof codes

/** `text` in that colour where colours are wanted. */
export function colored(terminal: Terminal, color: Color, text: string): string {
  return terminal.isColor ? `\u001b[${codes[color]}m${text}\u001b[0m` : text
}

/** Rows as aligned columns, two spaces apart; the last column is as wide as it needs. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd(),
  )
}
