// Several tests as one, without a closure per evaluation.

export type Test<S> = (subject: S) => boolean

export function allOf<S>(tests: readonly Test<S>[]): Test<S> {
  if (tests.length === 1) return tests[0]
  return (subject) => {
    for (let i = 0; i < tests.length; i++) if (!tests[i](subject)) return false
    return true
  }
}

export function anyOf<S>(tests: readonly Test<S>[]): Test<S> {
  if (tests.length === 1) return tests[0]
  return (subject) => {
    for (let i = 0; i < tests.length; i++) if (tests[i](subject)) return true
    return false
  }
}
