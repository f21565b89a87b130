// Cases of h2spec that may fail, by number, with the reason. Empty is how it should be.

/** Keys are `section/case` as h2spec's report numbers them, e.g. `http2/6.9.2/3`. */
export const H2SPEC_EXCEPTIONS: ReadonlyMap<string, string> = new Map()
