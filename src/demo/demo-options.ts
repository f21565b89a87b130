// What `cairn demo` is asked to do.

export interface DemoOptions {
  /** End after the requests. */
  readonly once: boolean
  /** Kubernetes objects, and requests.txt. */
  readonly folder: string
  /** The first of the plain ports of the source side; one per service. */
  readonly firstPort: number
}
