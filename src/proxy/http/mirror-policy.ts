// envoy.config.route.v3.RouteAction.RequestMirrorPolicy: where copies of requests go, and how they differ.

import type { RouteAction_RequestMirrorPolicy as MirrorPolicyMessage } from '../../envoy/generated/envoy/config/route/v3/route_components_pb.js'
import type { Problems } from '../../lib/problems.ts'
import { compileHeaderMutations } from '../format/header-mutations.ts'
import type { HeaderChange } from '../format/header-mutations.ts'
import type { FormatEnvironment } from '../format/operator.ts'
import { compileFraction } from '../matching/route-match.ts'

export interface MirrorPolicy {
  /** '' when `clusterHeader` names the request header that says it. */
  readonly cluster: string
  readonly clusterHeader: string
  /** Undefined: all requests. */
  readonly share: ReturnType<typeof compileFraction> | undefined
  /** '' keeps the host. */
  readonly hostRewrite: string
  /** The host gets `-shadow`, so that logs tell copies from requests. */
  readonly marksHost: boolean
  readonly mutations: readonly HeaderChange[]
}

export function compileMirrorPolicies(
  list: readonly MirrorPolicyMessage[],
  formats: FormatEnvironment,
  problems: Problems,
): MirrorPolicy[] {
  return list.map((message, index) => {
    const fraction = message.runtimeFraction?.defaultValue
    const at = problems.at(index).at('request_headers_mutations')
    return {
      cluster: message.cluster,
      clusterHeader: message.clusterHeader.toLowerCase(),
      share: fraction === undefined ? undefined : compileFraction(fraction),
      hostRewrite: message.hostRewriteLiteral,
      marksHost: message.hostRewriteLiteral === '' && !message.disableShadowHostSuffixAppend,
      mutations: compileHeaderMutations(message.requestHeadersMutations, 'request', formats, at),
    }
  })
}
