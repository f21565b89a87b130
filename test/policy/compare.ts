// Makes policies and requests, asks both sides, and tells where they disagree.

import { EngineOracle } from './engine-oracle.ts'
import { EnvoyOracle } from './envoy-oracle.ts'
import { randomPolicy } from './random-policy.ts'
import { randomRequest, type Json, type PolicyRequest } from './random-request.ts'
import { randomRules } from './random-rules.ts'
import { Dice } from './vocabulary.ts'

/** The fields of envoy.extensions.filters.http.rbac.v3.RBAC. */
export type RbacConfig = { [key: string]: Json }

/** What one side says about a request. */
export interface Answer {
  readonly allowed: boolean
  /** Response code details of a denial; '' otherwise. */
  readonly details: string
  /** The policy by which a request is allowed, and what shadow rules found, as dynamic metadata has them; '-' for none. */
  readonly policy: string
  readonly shadowResult: string
  readonly shadowPolicy: string
}

/** Envoy writes its answer to a denial before it tells the outcome; the details of the denial name the policy. */
export const NOT_TOLD: Omit<Answer, 'allowed' | 'details'> = { policy: '', shadowResult: '', shadowPolicy: '' }

export interface Disagreement {
  readonly policy: number
  readonly config: RbacConfig
  readonly request: PolicyRequest
  readonly envoy: Answer
  readonly cairn: Answer
}

export interface Comparison {
  readonly pairs: number
  /** How many of them Envoy allowed, denied by a policy, and denied for want of one. */
  readonly allowed: number
  readonly denied: number
  readonly unmatched: number
  readonly disagreements: readonly Disagreement[]
}

export interface CompareOptions {
  readonly seed: number
  readonly policies: number
  /** Per policy. */
  readonly requests: number
}

export async function comparePolicies({ seed, policies, requests }: CompareOptions): Promise<Comparison> {
  const dice = new Dice(seed)
  const ports = await EnvoyOracle.freePorts()
  const configs = Array.from({ length: policies }, (_, policy) =>
    dice.once(2) ? randomPolicy(dice, policy, ports) : randomRules(dice, policy, ports),
  )
  const asked = configs.flatMap((_, policy) =>
    Array.from({ length: requests }, () => ({ policy, request: randomRequest(dice, policy) })),
  )
  const engine = new EngineOracle(configs, ports)
  const envoy = await EnvoyOracle.start(configs, ports)
  try {
    const answers = await envoy.ask(asked.map(({ request }) => request))
    const disagreements: Disagreement[] = []
    for (const [index, { policy, request }] of asked.entries()) {
      const cairn = engine.ask(policy, request)
      if (sameAnswer(cairn, answers[index])) continue
      disagreements.push({ policy, config: configs[policy], request, envoy: answers[index], cairn })
    }
    const allowed = answers.filter((answer) => answer.allowed).length
    const unmatched = answers.filter(({ details }) => details.endsWith('[none]')).length
    const denied = answers.length - allowed - unmatched
    return { pairs: answers.length, allowed, denied, unmatched, disagreements }
  } finally {
    await envoy.stop()
  }
}

function sameAnswer(a: Answer, b: Answer): boolean {
  const keys: readonly (keyof Answer)[] = ['allowed', 'details', 'policy', 'shadowResult', 'shadowPolicy']
  return keys.every((key) => a[key] === b[key])
}
