import { describe, expect, test } from '@jest/globals'
import { judge, parseReport } from './run-h2spec.ts'

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="6.9.2." package="http2/6.9.2" id="6.9.2" tests="3" skipped="0" failures="1" errors="0">
    <testcase package="http2/6.9.2" classname="Changes it" time="0.0050"></testcase>
    <testcase package="http2/6.9.2" classname="Sends &#34;it&#34;" time="0.0050">
      <failure message="...">GOAWAY Frame</failure>
    </testcase>
    <testcase package="http2/6.9.2" classname="Skips it" time="0.0"><skipped></skipped></testcase>
  </testsuite>
  <testsuite name="7." package="http2/7" id="7" tests="1" skipped="0" failures="0" errors="0">
    <testcase package="http2/7" classname="Other" time="0.0050"></testcase>
  </testsuite>
</testsuites>`

describe('the report of h2spec', () => {
  test('is read case by case, numbered within sections', () => {
    expect(parseReport(REPORT)).toEqual([
      { number: 'http2/6.9.2/1', title: 'Changes it', passed: true },
      { number: 'http2/6.9.2/2', title: 'Sends "it"', passed: false },
      { number: 'http2/6.9.2/3', title: 'Skips it', passed: false },
      { number: 'http2/7/1', title: 'Other', passed: true },
    ])
  })

  test('fails where no exception excuses, and where an exception is needless', () => {
    const exceptions = new Map([
      ['http2/6.9.2/2', 'a reason'],
      ['http2/7/1', 'an old reason'],
    ])
    const verdict = judge(parseReport(REPORT), exceptions)
    expect(verdict.failures.map(({ number }) => number)).toEqual(['http2/6.9.2/3'])
    expect(verdict.needless).toEqual(['http2/7/1'])
  })
})
