// What a listener filter is: it looks at a new connection, or at its first bytes, before a filter chain is chosen.

import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import type { ConnectionFacts } from '../stream/connection-facts.ts'

export interface ListenerFilter {
  /** Bytes that `inspect` may need at the most; 0: it needs none and `inspect` is called once with nothing. */
  readonly maxBytes: number
  /** False for ports where the configuration disables it. */
  appliesTo(facts: ConnectionFacts): boolean
  /** Looks at everything received so far and notes in `facts` what it found. False: it needs more bytes to tell. */
  inspect(bytes: Buffer, facts: ConnectionFacts): boolean
}

export interface ListenerFilterFactory<Config extends DescMessage = DescMessage> {
  readonly name: string
  readonly config: Config
  compile(config: MessageShape<Config>): Pick<ListenerFilter, 'maxBytes' | 'inspect'>
}
