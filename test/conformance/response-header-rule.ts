// The rule of several tests: it tells by a response header that it was followed.

export function responseHeaderRule(value: string, backend: object): object {
  const responseHeaderModifier = { set: [{ name: 'X-Header-Set', value }] }
  return { filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier }], backendRefs: [backend] }
}
