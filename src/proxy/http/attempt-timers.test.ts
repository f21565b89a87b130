import { expect, test } from '@jest/globals'
import { pass, testDispatcher } from '../../../test/support/connections.ts'
import { AttemptTimers } from './attempt-timers.ts'

function timed() {
  const dispatcher = testDispatcher()
  const fired: string[] = []
  const attempt = {
    tryTimedOut: (isIdle: boolean) => void fired.push(isIdle ? 'idle' : 'per try'),
    durationReached: () => void fired.push('duration'),
  }
  const timers = new AttemptTimers(attempt, dispatcher)
  /** What fires within this time. */
  const within = (durationMs: number): string[] => {
    fired.length = 0
    pass(dispatcher, durationMs)
    return [...fired]
  }
  return { timers, within }
}

test('a try is over at its time, unless its response has begun', () => {
  const { timers, within } = timed()
  timers.startTry(100, 0)
  expect(within(110)).toEqual(['per try'])
  timers.startTry(100, 0)
  timers.responseBegan()
  expect(within(200)).toEqual([])
})

test('a try is idle when nothing came for its time', () => {
  const { timers, within } = timed()
  timers.startTry(0, 100)
  expect(within(60)).toEqual([])
  timers.noteActivity()
  expect(within(60)).toEqual([])
  expect(within(60)).toEqual(['idle'])
})

test('a stream that lives too long is told so, whatever its response does', () => {
  const { timers, within } = timed()
  timers.startDuration(100)
  timers.responseBegan()
  timers.noteActivity()
  expect(within(110)).toEqual(['duration'])
})

test('nothing fires after the end', () => {
  const { timers, within } = timed()
  timers.startTry(50, 50)
  timers.startDuration(50)
  timers.stop()
  expect(within(100)).toEqual([])
})
