import { describe, expect, test } from '@jest/globals'
import { testEndpoint } from '../../../test/support/hosts.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Host } from '../cluster/host.ts'
import { chooseRetryHost } from './retry-host.ts'
import type { RetryContext } from './retry-host.ts'
import { NO_POLICY } from './retry-policy.ts'
import type { RetryPolicy } from './retry-policy.ts'

const CANARY = { metadata: new Map([['envoy.lb', { canary: true }]]) }

/** What is chosen, and after how many picks, when the balancer picks these in turn. */
function chosen(
  picks: readonly Host[],
  policy: Partial<RetryPolicy>,
  used: readonly Host[],
): [Host | undefined, number] {
  let count = 0
  const cluster = { chooseHost: () => picks[count++] } as unknown as Cluster
  const host = chooseRetryHost(cluster, { refusedChoices: 0 } as RetryContext, { ...NO_POLICY, ...policy }, used)
  return [host, count]
}

describe('the host of a retry', () => {
  const a = new Host(testEndpoint('a'))
  const b = new Host(testEndpoint('b'))
  const canary = new Host(testEndpoint('c', CANARY))
  const avoiding = { avoidPreviousHosts: true, avoidCanaryHosts: true, hostSelectionMaxAttempts: 3 }

  test('is one that was not used before, if the balancer has one', () => {
    expect(chosen([a, a, b, a], avoiding, [a])).toEqual([b, 3])
  })

  test('is no canary', () => {
    expect(chosen([canary, b], avoiding, [])).toEqual([b, 2])
    expect(chosen([canary, b], { ...avoiding, avoidCanaryHosts: false }, [])).toEqual([canary, 1])
  })

  test('is the last pick when all are refused', () => {
    expect(chosen([a, b, a, canary, a], avoiding, [a, b])).toEqual([canary, 4])
  })

  test('is the first pick where nothing is refused', () => {
    expect(chosen([a, b], { hostSelectionMaxAttempts: 3 }, [a])).toEqual([a, 1])
  })
})
