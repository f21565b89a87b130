// The path of a field inside an object, as `kubectl` prints it.

export type FieldPath = readonly (string | number)[]

/** `['spec', 'rules', 0, 'name']` -> `spec.rules[0].name`; keys that are no identifiers are bracketed and quoted. */
export function formatFieldPath(path: FieldPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[A-Za-z_$][\w$]*$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}
