// The TLS contexts of a waypoint's mesh connections: both ends TLS 1.3, HTTP/2, certificates of the mesh. The secrets are
// named, not contained.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type { TransportSocketSchema } from '../envoy/generated/envoy/config/core/v3/base_pb.js'
import type { CommonTlsContextSchema } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js'
import { SubjectAltNameMatcher_SanType } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import { TlsParameters_TlsProtocol } from '../envoy/generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js'
import { CERTIFICATE_SECRET, ROOTS_SECRET } from '../envoy/mesh-secrets.ts'
import { any } from './envoy-message.ts'
import { meshTrustDomains, type MeshSettings } from './mesh-settings.ts'

type TransportSocketInit = MessageInitShape<typeof TransportSocketSchema>

/** Of the listener that tunnels arrive at: any identity of the trust domain or of its aliases. */
export function downstreamMeshTls(settings: MeshSettings): TransportSocketInit {
  const commonTlsContext = meshTls(meshTrustDomains(settings).map((domain) => `spiffe://${domain}/`))
  const context = any(DownstreamTlsContextSchema, { commonTlsContext, requireClientCertificate: true })
  return { name: 'tls', configType: { case: 'typedConfig', value: context } }
}

/** Of tunnels to destinations. Istio checks no more than the trust domain, and so does this. */
export function upstreamMeshTls(settings: MeshSettings, namespace: string): TransportSocketInit {
  const domains = meshTrustDomains(settings).map((domain) => `spiffe://${domain}/`)
  const commonTlsContext = meshTls([...domains, `${domains[0]}ns/${namespace}/sa/`])
  const context = any(UpstreamTlsContextSchema, { commonTlsContext })
  return { name: 'tls', configType: { case: 'typedConfig', value: context } }
}

function meshTls(sanPrefixes: string[]): MessageInitShape<typeof CommonTlsContextSchema> {
  return {
    tlsParams: {
      tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
      tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
    },
    alpnProtocols: ['h2'],
    tlsCertificateSdsSecretConfigs: [{ name: CERTIFICATE_SECRET }],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: {
          matchTypedSubjectAltNames: sanPrefixes.map((prefix) => ({
            sanType: SubjectAltNameMatcher_SanType.URI,
            matcher: { matchPattern: { case: 'prefix' as const, value: prefix } },
          })),
        },
        validationContextSdsSecretConfig: { name: ROOTS_SECRET },
      },
    },
  }
}
