// One answer of the real Envoy's admin interface.

export interface Recording {
  /** Method and target. */
  readonly request: string
  readonly status: number
  readonly contentType: string
  readonly body: string
}
