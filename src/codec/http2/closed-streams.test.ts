import { expect, test } from '@jest/globals'
import { ResetStreams } from './closed-streams.ts'

test('streams that were reset are remembered, and those forgotten are given the benefit of the doubt', () => {
  const streams = new ResetStreams()
  for (let id = 1; id <= 601; id += 4) streams.add(id)
  expect([1, 3, 601, 603].map((id) => streams.mayHaveBeenReset(id))).toEqual([true, false, true, false])
  for (let id = 605; id <= 1601; id += 4) streams.add(id)
  expect([1, 3, 561, 1601, 1603].map((id) => streams.mayHaveBeenReset(id))).toEqual([true, true, true, true, false])
})
