// Every differential case, group by group.

import type { DifferentialCase } from '../case.ts'
import { matchingCases } from './matching.ts'

export const ALL_CASES: readonly DifferentialCase[] = [...matchingCases]
