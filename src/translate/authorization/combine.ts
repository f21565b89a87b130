// Permissions and principals of Envoy's RBAC, combined by and, or and not: two message types with one algebra.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { PermissionSchema, PrincipalSchema } from '../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js'

export type PermissionInit = MessageInitShape<typeof PermissionSchema>
export type PrincipalInit = MessageInitShape<typeof PrincipalSchema>

export interface Algebra<T> {
  readonly any: T
  readonly all: (list: readonly T[]) => T
  readonly either: (list: readonly T[]) => T
  readonly not: (one: T) => T
}

export const permissions: Algebra<PermissionInit> = {
  any: { rule: { case: 'any', value: true } },
  all: (rules) => ({ rule: { case: 'andRules', value: { rules: [...rules] } } }),
  either: (rules) => ({ rule: { case: 'orRules', value: { rules: [...rules] } } }),
  not: (rule) => ({ rule: { case: 'notRule', value: rule } }),
}

export const principals: Algebra<PrincipalInit> = {
  any: { identifier: { case: 'any', value: true } },
  all: (ids) => ({ identifier: { case: 'andIds', value: { ids: [...ids] } } }),
  either: (ids) => ({ identifier: { case: 'orIds', value: { ids: [...ids] } } }),
  not: (id) => ({ identifier: { case: 'notId', value: id } }),
}
