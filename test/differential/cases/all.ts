// Every differential case, group by group.

import type { DifferentialCase } from '../case.ts'
import { headersCases } from './headers.ts'
import { http1Cases } from './http1.ts'
import { matchingCases } from './matching.ts'

export const ALL_CASES: readonly DifferentialCase[] = [...matchingCases, ...headersCases, ...http1Cases]
