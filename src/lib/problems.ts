// Mistakes in configuration, collected with the place of each, so that one run reports all of them. Nothing is thrown: a
// compile function that finds a mistake notes it and returns something harmless that will never be used.

/** One mistake. `path` names the field as Envoy's JSON does, e.g. `virtual_hosts[0].routes[2].match.headers[0]`. */
export interface Problem {
  readonly path: string
  /** What is wrong and, where it helps, what to write instead. */
  readonly message: string
}

export function problemLine({ path, message }: Problem): string {
  return `${path}: ${message}`
}

/** A place in a configuration, and the list of mistakes that all places of it share. */
export class Problems {
  readonly path: string
  readonly list: Problem[]

  constructor(path = '', list: Problem[] = []) {
    this.path = path
    this.list = list
  }

  /** The place of a field, of a list element (number), or of a map entry (`at('policies').key('name')`). */
  at(part: string | number): Problems {
    const path = typeof part === 'number' ? `${this.path}[${part}]` : this.path === '' ? part : `${this.path}.${part}`
    return new Problems(path, this.list)
  }

  /** The place of a map's entry. */
  key(key: string): Problems {
    return new Problems(`${this.path}[${JSON.stringify(key)}]`, this.list)
  }

  add(message: string): void {
    this.list.push({ path: this.path, message })
  }

  get isEmpty(): boolean {
    return this.list.length === 0
  }

  /** One line per mistake. */
  text(): string {
    return this.list.map(problemLine).join('\n')
  }
}
