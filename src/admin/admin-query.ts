// The parameters of a request, decoded as Envoy does: a plus is a plus, a broken escape stays as it is.

export class AdminQuery {
  private readonly parameters: readonly (readonly [name: string, value: string])[]

  /** `text` is what stands behind the question mark, or a form's body. */
  constructor(text: string) {
    this.parameters = text
      .split('&')
      .filter((part) => part !== '')
      .map((part) => {
        const equals = part.indexOf('=')
        return equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))]
      })
  }

  /** The first value of the name; '' when it has none. */
  get(name: string): string | undefined {
    return this.parameters.find(([given]) => given === name)?.[1]
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** In their order, the first of each name. */
  get entries(): ReadonlyMap<string, string> {
    const entries = new Map<string, string>()
    for (const [name, value] of this.parameters) if (!entries.has(name)) entries.set(name, value)
    return entries
  }

  get isEmpty(): boolean {
    return this.parameters.length === 0
  }
}

function decode(text: string): string {
  const octets = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return octets === text ? text : Buffer.from(octets, 'latin1').toString('utf8')
}
