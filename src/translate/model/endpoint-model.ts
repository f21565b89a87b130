// One endpoint of a service's port, and how it is reached.

import type { Locality } from './locality.ts'

export interface EndpointModel {
  /** An IP address, or where names are resolved the name of a host. */
  readonly address: string
  readonly port: number
  /** Where its HBONE end listens, or undefined if it is dialled plainly. */
  readonly hbonePort: number | undefined
  readonly identity: string
  readonly locality: Locality
  readonly weight: number
  /** Kubernetes says that it is ready; of other endpoints nobody knows. */
  readonly isChecked: boolean
  /** Those of the workload, and those of its place. */
  readonly labels: Readonly<Record<string, string>>
}
