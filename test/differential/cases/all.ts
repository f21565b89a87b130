// Every differential case, group by group.

import type { DifferentialCase } from '../case.ts'
import { balancingCases } from './balancing.ts'
import { corsCases } from './cors.ts'
import { errorsCases } from './errors.ts'
import { extAuthzCases } from './ext-authz.ts'
import { faultCases } from './fault.ts'
import { filtersCases } from './filters.ts'
import { headersCases } from './headers.ts'
import { http1Cases } from './http1.ts'
import { http2Cases } from './http2.ts'
import { jwtCases } from './jwt.ts'
import { matchingCases } from './matching.ts'
import { mirrorCases } from './mirror.ts'
import { rbacCases } from './rbac.ts'
import { retriesCases } from './retries.ts'
import { tunnelCases } from './tunnel.ts'

export const ALL_CASES: readonly DifferentialCase[] = [
  ...matchingCases,
  ...headersCases,
  ...http1Cases,
  ...http2Cases,
  ...tunnelCases,
  ...errorsCases,
  ...jwtCases,
  ...extAuthzCases,
  ...retriesCases,
  ...corsCases,
  ...faultCases,
  ...mirrorCases,
  ...rbacCases,
  ...balancingCases,
  ...filtersCases,
]
