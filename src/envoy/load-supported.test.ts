import { describe, expect, test } from '@jest/globals'
import { formatConfigError } from './config-error.ts'
import { ClusterSchema } from './generated/envoy/config/cluster/v3/cluster_pb.js'
import { loadSupportedBootstrap, loadSupportedResources } from './load-supported.ts'

const YAML = `
tracing: {}
static_resources:
  clusters:
  - name: a
    outlier_detection: {}
  - name: b
    typed_extension_protocol_options:
      x: {"@type": type.googleapis.com/unheard.Of}
`

describe('loadSupportedBootstrap', () => {
  test('what is not supported is an error like any other, in its place', () => {
    const { bootstrap, errors, left } = loadSupportedBootstrap(YAML + 'nod: {}\n', 'e.yaml', { skipUnsupported: false })
    expect(bootstrap).toBeUndefined()
    expect(left).toEqual([])
    expect(errors.map(formatConfigError)).toEqual([
      'e.yaml:2:1: tracing: tracing is not supported (take it out, or run with --skip-unsupported)',
      'e.yaml:6:5: static_resources.clusters[0].outlier_detection: outlier detection is not supported (take it out, or run with --skip-unsupported)',
      'e.yaml:9:11: static_resources.clusters[1].typed_extension_protocol_options["x"].@type: unknown type "type.googleapis.com/unheard.Of" (take this out, or use a type that Cairn knows)',
      'e.yaml:10:1: nod: envoy.config.bootstrap.v3.Bootstrap has no field "nod" (did you mean "node"?)',
    ])
  })

  test('skipped, it is listed with its place; what must not be skipped is marked, and gone with what contains it', () => {
    const { bootstrap, errors, left } = loadSupportedBootstrap(YAML, 'e.yaml', { skipUnsupported: true })
    expect(errors).toEqual([])
    expect(left.map(({ line, path, security }) => [line, path, security])).toEqual([
      [6, 'static_resources.clusters[0].outlier_detection', false],
      [9, 'static_resources.clusters[1].typed_extension_protocol_options["x"]', true],
      [2, 'tracing', false],
    ])
    const clusters = bootstrap?.staticResources?.clusters ?? []
    expect(clusters.map(({ name, outlierDetection }) => [name, outlierDetection])).toEqual([['a', undefined]])
  })

  test('skipping what is unsupported forgives no mistake', () => {
    const { bootstrap, errors } = loadSupportedBootstrap('nod: {}', 'e.yaml', { skipUnsupported: true })
    expect(bootstrap).toBeUndefined()
    expect(errors.length).toBe(1)
  })
})

describe('loadSupportedResources', () => {
  test('leaves out what must be refused as a whole, and keeps the rest', () => {
    const text = `[{"resource": {"name": "a", "upstream_bind_config": {}}}, {"resource": {"name": "b", "health_checks": []}}]`
    const strict = loadSupportedResources(text, 'cds.json', ClusterSchema, { skipUnsupported: false })
    expect(strict.errors.map((error) => error.path)).toEqual(['[0].resource.upstream_bind_config'])
    const { resources, errors, left } = loadSupportedResources(text, 'cds.json', ClusterSchema, {
      skipUnsupported: true,
    })
    expect(errors).toEqual([])
    expect(resources.map((resource) => resource.name)).toEqual(['b'])
    expect(left).toMatchObject([{ path: '[0].resource.upstream_bind_config', security: true }])
  })
})
