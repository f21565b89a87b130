// Who this proxy is, as its peers are told.

export interface LocalInfo {
  /** `node.id` of the bootstrap, or ''. */
  readonly nodeId: string
  /** `node.cluster` of the bootstrap, or ''. */
  readonly clusterName: string
  /** An IP address of this machine that is not the loopback's, if it has one. */
  readonly address: string
}

/** Of a data plane that carries nothing. */
export const NOBODY: LocalInfo = { nodeId: '', clusterName: '', address: '127.0.0.1' }
