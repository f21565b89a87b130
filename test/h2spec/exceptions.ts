// Cases of h2spec that may fail, by server and number, with the reason. Empty is how it should be.

/** Keys are `section/case` as h2spec's report numbers them, e.g. `http2/6.9.2/3`. */
export type Exceptions = ReadonlyMap<string, string>

export const NO_EXCEPTIONS: Exceptions = new Map()

/** Inside a tunnel the first bytes say which version of HTTP follows (codec_type AUTO, as istiod configures it). */
export const INNER_EXCEPTIONS: Exceptions = new Map([
  ['http2/3.5/2', 'what is not the preface of HTTP/2 is a request of HTTP/1 here: it gets 400 and the end, no GOAWAY'],
])
