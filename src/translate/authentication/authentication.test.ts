import { toJson } from '@bufbuild/protobuf'
import { describe, expect, test } from '@jest/globals'
import { objectsFrom } from '../../../test/support/resources.ts'
import { registry } from '../../envoy/generated/descriptors.js'
import { ListenerSchema } from '../../envoy/generated/envoy/config/listener/v3/listener_pb.js'
import { formatDiagnostic } from '../../resources/diagnostic.ts'
import type { AnyObject } from '../../resources/kinds.ts'
import { parseObjects } from '../../resources/parse-objects.ts'
import { ResourceStore } from '../../resources/resource-store.ts'
import { translate } from '../translate.ts'
import type { Translation } from '../translation.ts'

const mesh = `
apiVersion: v1
kind: Namespace
metadata: {name: demo, labels: {istio.io/use-waypoint: waypoint}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, namespace: demo}
spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: demo}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: demo}
spec: {clusterIP: 10.0.0.2, ports: [{name: http, port: 80}]}
`
const KEYS = `'{"keys":[{"kty":"oct","k":"AAAA"}]}'`
const toA = 'targetRefs: [{kind: Service, name: a}]'
const authentication = (spec: string, name = 'login') =>
  `---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: ${name}, namespace: demo}\nspec: {${spec}}\n`
const withKeys = (issuer: string) => `jwtRules: [{issuer: ${issuer}, jwks: ${KEYS}}]`

function translated(...objects: string[]): Translation {
  const store = ResourceStore.of(objectsFrom([mesh, ...objects].join('\n')))
  return translate(store, { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 })
}

/** What the HTTP filters of a chain require or say, by the name of the filter. */
function filtersOf({ listeners }: Translation, chain: string): [name: string, config: any][] {
  const main = listeners.find(({ name }) => name === 'main_internal')!
  const json: any = toJson(ListenerSchema, main, { registry, useProtoFieldName: true })
  const found = json.filter_chains.find(({ name }: any) => name.includes(chain))
  const manager = found.filters.at(-1).typed_config
  return manager.http_filters.map(({ name, typed_config }: any) => [name, typed_config])
}

const names = (translation: Translation, chain: string): string[] => filtersOf(translation, chain).map(([name]) => name)
const said = ({ diagnostics }: Translation): string[] =>
  diagnostics.map((one) => formatDiagnostic(one)).filter((line) => line.includes('RequestAuthentication'))

describe('a RequestAuthentication', () => {
  test('verifies tokens on the Service that it names, before policies are asked', () => {
    const policy = `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: demo}\nspec: {${toA}}\n`
    const translation = translated(authentication(`${toA}, ${withKeys('x')}`), policy)
    expect(names(translation, '|http|a.')).toEqual([
      'envoy.filters.http.jwt_authn',
      'envoy.filters.http.rbac',
      'envoy.filters.http.router',
    ])
    expect(names(translation, '|http|b.')).toEqual(['envoy.filters.http.router'])
  })

  test('for the Gateway counts for every Service and for Pods, together with those of the Service', () => {
    const gateway = 'targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: waypoint}]'
    const translation = translated(
      authentication(`${gateway}, ${withKeys('z')}`, 'all'),
      authentication(`${toA}, ${withKeys('why')}`),
    )
    const issuers = (chain: string): unknown[] => {
      const [[, { providers }]] = filtersOf(translation, chain)
      return Object.entries(providers).map(([name, { issuer }]: [string, any]) => [name, issuer])
    }
    expect(issuers('|http|a.')).toEqual([['origins-0', 'why'], ['origins-1', 'z']]) // prettier-ignore
    expect(issuers('|http|b.')).toEqual([['origins-0', 'z']])
    expect(issuers('direct-http')).toEqual([['origins-0', 'z']])
  })

  test('without keys refuses every token of the issuer, and says so', () => {
    const translation = translated(authentication(`${toA}, jwtRules: [{issuer: x, jwksUri: "https://x/keys"}]`))
    const [[, { providers }]] = filtersOf(translation, '|http|a.')
    expect(JSON.parse(providers['origins-0'].local_jwks.inline_string).keys).toMatchObject([{ kid: 'nobody' }])
    expect(said(translation)).toEqual([expect.stringMatching(/error: .*jwtRules\[0\].*every token of it is refused/)])
  })

  test('that cannot be read denies what it is attached to', () => {
    const text = [mesh, authentication(`${toA}, jwtRules: [{issuer: 5}]`)].join('\n')
    const { objects, standIns } = parseObjects(text, 'a.yaml')
    const store = ResourceStore.of([...objects, ...(standIns as AnyObject[])])
    const translation = translate(store, { waypoint: { namespace: 'demo', name: 'waypoint' }, now: 0 })
    expect(filtersOf(translation, '|http|a.')[0]).toEqual([
      'envoy.filters.http.rbac',
      expect.objectContaining({ rules: {} }),
    ])
    expect(names(translation, '|http|b.')).toEqual(['envoy.filters.http.router'])
  })

  test('without a target, or with one that is not there, has no effect and says so', () => {
    const missing = 'targetRefs: [{kind: Service, name: nowhere}]'
    const translation = translated(
      authentication(withKeys('x'), 'everywhere'),
      authentication(`${missing}, ${withKeys('x')}`),
    )
    expect(names(translation, '|http|a.')).toEqual(['envoy.filters.http.router'])
    expect(said(translation).sort()).toEqual([
      expect.stringMatching(/warning: .*no waypoint verifies tokens by it/),
      expect.stringMatching(/error: .*nowhere was not found/),
    ])
  })

  test.each([
    ['jwtRules: [{}]', /needs an issuer or a jwksUri/],
    ['jwtRules: [{jwksUri: keys}]', /is no http or https URL/],
    ['jwtRules: [{issuer: x, jwks: "{"}]', /is no JSON/],
    ['jwtRules: [{issuer: x, jwks: "{}"}]', /has no list of keys/],
    [`jwtRules: [{issuer: x, jwks: '{"keys":[{"kty":"RSA"}]}'}]`, /has no key that could verify a token/],
    ['selector: {}, targetRef: {kind: Service, name: a}', /cannot stand beside selector/],
  ])('with %s is refused', (spec, expected) => {
    const { diagnostics } = parseObjects(authentication(spec), 'a.yaml')
    expect(diagnostics.map((one) => formatDiagnostic(one)).join('\n')).toMatch(expected)
  })
})
