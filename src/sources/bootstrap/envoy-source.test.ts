import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { MeshAuthority, writeIdentity, type Identity } from '../../../test/support/certificates.ts'
import { formatConfigError } from '../../envoy/config-error.ts'
import { printMessage } from '../../envoy/print.ts'
import { resourceName } from '../../envoy/resource-name.ts'
import { EnvoySource, type EnvoyConfiguration } from './envoy-source.ts'

let authority: MeshAuthority
let identity: Identity
let folder = ''
let open: EnvoySource[] = []

beforeAll(async () => {
  authority = await MeshAuthority.create()
  identity = await authority.issue('demo', 'waypoint')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-envoy-'))
})
afterEach(() => {
  for (const source of open) source.close()
  open = []
  rmSync(folder, { recursive: true, force: true })
})

type Json = Record<string, unknown>

const at = (...parts: string[]) => join(folder, ...parts)
const write = (name: string, content: Json | string) =>
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content))
/** As an editor or a control plane does it: the new file comes under the old name at once. */
const replace = (name: string, content: Json | string) => {
  write(`${name}.new`, content)
  renameSync(at(`${name}.new`), at(name))
}

const typed = (name: string, content: Json = {}) => ({ '@type': `type.googleapis.com/${name}`, ...content })
const tls = 'envoy.extensions.transport_sockets.tls.v3'
const path = (name: string) => ({ resource_api_version: 'V3', path_config_source: { path: at(name) } })
const resources = (...list: Json[]) => ({ version_info: '1', resources: list })

function source(now = () => Date.now()): EnvoySource {
  const origin = { kind: 'envoy-config' as const, file: at('envoy.json') }
  const made = new EnvoySource(origin, { skipUnsupported: false, listen: undefined, certificates: undefined, now })
  open.push(made)
  return made
}

function cluster(name: string, more: Json = {}): Json {
  return { name, type: 'STATIC', load_assignment: { cluster_name: name }, ...more }
}

/** A cluster whose TLS is inside `internal_upstream`, as istiod nests it. */
function tlsCluster(context: Json): Json {
  return cluster('secure', {
    transport_socket: {
      name: 'internal_upstream',
      typed_config: typed('envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport', {
        transport_socket: {
          name: 'tls',
          typed_config: typed(`${tls}.UpstreamTlsContext`, { common_tls_context: context }),
        },
      }),
    },
  })
}

function listener(name: string, routes: Json): Json {
  const manager = typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'x',
    http_filters: [{ name: 'router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router') }],
    ...routes,
  })
  const address = { socket_address: { address: '127.0.0.1', port_value: 8080 } }
  return { name, address, filter_chains: [{ filters: [{ name: 'hcm', typed_config: manager }] }] }
}

function answering(name: string, body: Json): Json {
  const route = { match: { prefix: '/' }, direct_response: { status: 200, body } }
  return { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] }
}

const filePair = (chain = 'cert-chain.pem', key = 'key.pem') => ({
  certificate_chain: { filename: at(chain) },
  private_key: { filename: at(key) },
})

function bootstrap(content: { listeners?: Json[]; clusters?: Json[]; secrets?: Json[]; more?: Json }): void {
  const { more = {}, ...rest } = content
  replace('envoy.json', { static_resources: rest, ...more })
}

const names = ({ resources }: EnvoyConfiguration) =>
  resources.map(({ desc, message }) => `${desc.name} ${resourceName(message)}`)
const printed = ({ resources }: EnvoyConfiguration, name: string) => {
  const found = resources.find(({ message }) => resourceName(message) === name)
  return JSON.stringify(found && printMessage(found.desc, found.message, { redact: false }))
}
const short = (text: string) => text.replaceAll(`${folder}/`, '')
const errors = (read: EnvoyConfiguration) => read.errors.map((error) => short(formatConfigError(error)))
const warnings = (read: EnvoyConfiguration) => read.warnings.map((warning) => short(formatConfigError(warning)))
const asJson = (pem: string) => JSON.stringify(`${pem}\n`)

describe('contents of files come inline', () => {
  test('of a certificate, its key and roots, in a TLS context inside another transport socket', () => {
    writeIdentity(folder, identity)
    const validation = { trusted_ca: { filename: at('root-cert.pem') } }
    bootstrap({ clusters: [tlsCluster({ tls_certificates: [filePair()], validation_context: validation })] })
    const read = source().read()
    expect(errors(read)).toEqual([])
    const text = printed(read, 'secure')
    expect(text).toContain(`"certificate_chain":{"inline_string":${asJson(identity.chainPem)}}`)
    expect(text).toContain(`"private_key":{"inline_string":${asJson(identity.keyPem)}}`)
    expect(text).toContain(`"trusted_ca":{"inline_string":${asJson(identity.rootPem)}}`)
    expect(text).not.toContain(folder)
  })

  test('of secrets, which keep their name', () => {
    writeIdentity(folder, identity)
    bootstrap({ secrets: [{ name: 'mine', tls_certificate: filePair() }] })
    const read = source().read()
    expect(names(read)).toEqual(['Secret mine'])
    expect(printed(read, 'mine')).toContain(asJson(identity.keyPem))
  })

  test('of direct responses: text as text, other bytes as bytes, an empty file as nothing', () => {
    write('text', 'grüße')
    writeFileSync(at('bytes'), Buffer.from([0xff, 0x00, 0xfe]))
    write('empty', '')
    bootstrap({
      listeners: ['text', 'bytes', 'empty'].map((name) =>
        listener(name, { route_config: answering('r', { filename: at(name) }) }),
      ),
    })
    const read = source().read()
    expect(errors(read)).toEqual([])
    expect(printed(read, 'text')).toContain('"body":{"inline_string":"grüße"}')
    expect(printed(read, 'bytes')).toContain('"body":{"inline_bytes":"/wD+"}')
    expect(printed(read, 'empty')).toContain('"body":{"inline_string":""}')
  })

  test('of environment variables', () => {
    process.env['CAIRN_TEST_BODY'] = 'from outside'
    try {
      const body = { environment_variable: 'CAIRN_TEST_BODY' }
      bootstrap({ listeners: [listener('l', { route_config: answering('r', body) })] })
      expect(printed(source().read(), 'l')).toContain('"inline_string":"from outside"')
    } finally {
      delete process.env['CAIRN_TEST_BODY']
    }
  })

  test('but access logs keep their path', () => {
    const log = { name: 'f', typed_config: typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: at('log') }) }
    bootstrap({ listeners: [{ ...listener('l', { route_config: answering('r', { inline_string: '' }) }), access_log: [log] }] })
    expect(printed(source().read(), 'l')).toContain(at('log'))
  }) // prettier-ignore
})

describe('resources in other files', () => {
  test('listeners, clusters, routes, endpoints and secrets join those of the bootstrap', () => {
    writeIdentity(folder, identity)
    const secret = { name: 'mine', sds_config: path('sds.json') }
    const roots = { name: 'roots', sds_config: path('roots.yaml') }
    write('sds.json', resources(typed(`${tls}.Secret`, { name: 'mine', tls_certificate: filePair() })))
    write('roots.yaml', `resources:\n- "@type": type.googleapis.com/${tls}.Secret\n  name: roots\n  validation_context: {trusted_ca: {filename: ${at('root-cert.pem')}}}\n`)
    write('rds.json', resources(typed('envoy.config.route.v3.RouteConfiguration', answering('routes', { inline_string: 'hi' }))))
    write('eds.json', resources(typed('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'pods' })))
    write('lds.json', resources(typed('envoy.config.listener.v3.Listener', listener('l', { rds: { route_config_name: 'routes', config_source: path('rds.json') } }))))
    const eds = { name: 'discovered', type: 'EDS', eds_cluster_config: { service_name: 'pods', eds_config: path('eds.json') } }
    const context = {
      tls_certificate_sds_secret_configs: [secret],
      combined_validation_context: { default_validation_context: {}, validation_context_sds_secret_config: roots },
    }
    write('cds.json', resources(typed('envoy.config.cluster.v3.Cluster', eds), typed('envoy.config.cluster.v3.Cluster', tlsCluster(context))))
    bootstrap({ clusters: [cluster('own')], more: { dynamic_resources: { lds_config: path('lds.json'), cds_config: path('cds.json') } } })
    const read = source().read()
    expect([errors(read), warnings(read)]).toEqual([[], []])
    expect(names(read).sort()).toEqual([
      'Cluster discovered', 'Cluster own', 'Cluster secure', 'ClusterLoadAssignment pods', 'Listener l',
      'RouteConfiguration routes', 'Secret mine', 'Secret roots',
    ])
    expect(printed(read, 'mine')).toContain(asJson(identity.chainPem))
    expect(printed(read, 'roots')).toContain(asJson(identity.rootPem))
  }) // prettier-ignore

  test('a file that several clusters name is taken over once', () => {
    const eds = (name: string) => ({ name, type: 'EDS', eds_cluster_config: { service_name: 'pods', eds_config: path('eds.json') } })
    write('eds.json', resources(typed('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'pods' })))
    bootstrap({ clusters: [eds('a'), eds('b')] })
    const read = source().read()
    expect(errors(read)).toEqual([])
    expect(names(read)).toEqual(['ClusterLoadAssignment pods', 'Cluster a', 'Cluster b'])
  }) // prettier-ignore

  test('listeners without a name get one that stays the same', () => {
    bootstrap({ listeners: [listener('', { route_config: answering('r', { inline_string: '' }) })] })
    expect(names(source().read())).toEqual(['Listener 127.0.0.1:8080'])
  })
})

describe('every mistake at once, with its place and what to do', () => {
  const pair = 'static_resources.secrets[0].tls_certificate'
  const message = (chain = 'cert-chain.pem', key = 'key.pem') => {
    bootstrap({ secrets: [{ name: 's', tls_certificate: filePair(chain, key) }] })
    return errors(source().read()).map((line) => line.replace(/^envoy\.json:1:\d+: /, ''))
  }

  test('certificate and key missing', () => {
    expect(message()).toEqual([
      `${pair}.certificate_chain: cert-chain.pem does not exist (create it, or correct the path)`,
      `${pair}.private_key: key.pem does not exist (create it, or correct the path)`,
    ])
  })

  test('the key of another certificate', async () => {
    writeIdentity(folder, { ...identity, keyPem: (await authority.issue('demo', 'waypoint')).keyPem })
    expect(message()).toEqual([
      `${pair}.private_key: key.pem is not the key of the certificate in cert-chain.pem (issue both together, or wait until both are written)`,
    ])
  })

  test('a certificate that has ended', async () => {
    const notAfter = new Date('2001-02-03T04:05:06Z')
    writeIdentity(folder, await authority.issue('demo', 'waypoint', { notBefore: new Date(0), notAfter }))
    expect(message()).toEqual([
      `${pair}.certificate_chain: cert-chain.pem ended on 2001-02-03T04:05:06.000Z (issue a new certificate)`,
    ])
  })

  test('files that hold something else, or are no files', () => {
    writeIdentity(folder, { ...identity, chainPem: 'nonsense' })
    expect(message()).toEqual([
      `${pair}.certificate_chain: cert-chain.pem holds no certificates in PEM: no certificate in it (issue it again)`,
    ])
    expect(message('.', 'key.pem')).toEqual([`${pair}.certificate_chain: ${folder} is not a file (name a file)`])
  })

  test('roots, bodies and variables that are not there', () => {
    const body = answering('r', { filename: at('body') })
    const variable = answering('r', { environment_variable: 'CAIRN_NOT_SET' })
    bootstrap({
      listeners: [listener('a', { route_config: body }), listener('b', { route_config: variable })],
      clusters: [tlsCluster({ validation_context: { trusted_ca: { filename: at('roots.pem') } } })],
    })
    expect(errors(source().read()).map((line) => line.replace(/^.*?\.(body|trusted_ca): /, ''))).toEqual([
      'body does not exist (create it, or correct the path)',
      'the environment variable CAIRN_NOT_SET is not set (set it for this process)',
      'roots.pem does not exist (create it, or correct the path)',
    ])
  })

  test.each<[what: string, given: () => void, expected: (string | RegExp)[]]>([
    ['a bootstrap that does not exist', () => undefined, ['envoy.json: does not exist (create it, or correct the path)']],
    ['two clusters of one name', () => bootstrap({ clusters: [cluster('a'), cluster('a')] }), [/clusters\[1\]: a second Cluster "a"; the first is at envoy\.json:1 \(keep one, or rename one\)$/]],
    ['a file of listeners that is missing', () => bootstrap({ more: { dynamic_resources: { lds_config: path('lds.json') } } }), [/dynamic_resources\.lds_config: lds\.json does not exist/]],
    ['listeners from a control plane', () => bootstrap({ more: { dynamic_resources: { lds_config: { ads: {} } } } }), [/lds_config: configuration from a control plane is not supported \(name a file: path_config_source\)$/]],
    ['routes that are nowhere', () => bootstrap({ listeners: [listener('l', { rds: { route_config_name: 'r', config_source: { ads: {} } } })] }), [/rds\.route_config_name: there is no RouteConfiguration "r": without it nothing is routed/]],
    ['a list with a mistake in it', () => {
      write('cds.yaml', 'resources:\n- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster\n  nam: a\n')
      bootstrap({ more: { dynamic_resources: { cds_config: path('cds.yaml') } } })
    }, [/^cds\.yaml:2:3: resources\[0\]\.name: /, /^cds\.yaml:3:3: resources\[0\]\.nam: /]],
  ])('%s', (_, given, expected) => {
    given()
    const found = errors(source().read())
    expect(found).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))))
  }) // prettier-ignore

  test('a secret or endpoints that nobody has yet are warnings: they may come', () => {
    bootstrap({
      clusters: [
        tlsCluster({ tls_certificate_sds_secret_configs: [{ name: 'kubernetes://tls' }] }),
        { name: 'pods', type: 'EDS' },
      ],
    })
    const read = source().read()
    expect(errors(read)).toEqual([])
    expect(warnings(read).map((line) => line.replace(/^\S+ \S+ /, ''))).toEqual([
      'there is no Secret "kubernetes://tls": handshakes that need it are refused until there is (add Secret "kubernetes://tls")',
      'there is no ClusterLoadAssignment "pods": the cluster has no endpoints until there is (add ClusterLoadAssignment "pods")',
    ])
  }) // prettier-ignore
})

describe('what was good stands in for what is not', () => {
  test('a certificate while it is written file by file', async () => {
    writeIdentity(folder, identity)
    bootstrap({ clusters: [cluster('a')], secrets: [{ name: 's', tls_certificate: filePair() }] })
    const files = source()
    files.read()
    const next = await authority.issue('demo', 'waypoint')
    write('cert-chain.pem', next.chainPem)
    for (let again = 0; again < 2; again++) {
      const between = files.read()
      expect(errors(between)).toEqual([])
      expect(warnings(between)).toEqual([expect.stringContaining('key.pem is not the key of the certificate in cert-chain.pem; the last good version keeps serving')])
      expect(printed(between, 's')).toContain(asJson(identity.chainPem))
    }
    write('key.pem', next.keyPem)
    const after = files.read()
    expect(warnings(after)).toEqual([])
    expect(printed(after, 's')).toContain(JSON.stringify(next.keyPem))
  }) // prettier-ignore

  test('a list of resources that became wrong or went away, while the others follow', () => {
    const list = (name: string) => resources(typed('envoy.config.cluster.v3.Cluster', cluster(name)))
    write('cds.json', list('a'))
    const dynamic = { dynamic_resources: { cds_config: path('cds.json') } }
    bootstrap({ more: dynamic })
    const files = source()
    expect(names(files.read())).toEqual(['Cluster a'])
    write('cds.json', '{"resources": [')
    bootstrap({ clusters: [cluster('own')], more: dynamic })
    const broken = files.read()
    expect([errors(broken), names(broken)]).toEqual([[], ['Cluster own', 'Cluster a']])
    expect(warnings(broken)).toEqual([expect.stringMatching(/^cds\.json:1:\d+: .*; the last good version of this file keeps serving/)])
    unlinkSync(at('cds.json'))
    const gone = files.read()
    expect([errors(gone), names(gone)]).toEqual([[], ['Cluster own', 'Cluster a']])
    expect(warnings(gone)).toEqual([expect.stringContaining('cds.json does not exist; what it held keeps serving')])
    write('cds.json', list('b'))
    expect(names(files.read())).toEqual(['Cluster own', 'Cluster b'])
  }) // prettier-ignore

  test('a bootstrap that became wrong is refused as a whole, and the good ones before are not forgotten', () => {
    write('body', 'good')
    const good = () => bootstrap({ listeners: [listener('l', { route_config: answering('r', { filename: at('body') }) })] })
    good()
    const files = source()
    files.read()
    write('envoy.json', '{')
    expect(files.read().errors).toHaveLength(1)
    unlinkSync(at('body'))
    good()
    expect(printed(files.read(), 'l')).toContain('"inline_string":"good"')
  }) // prettier-ignore
})

describe('watching', () => {
  /** Resolves at the first call after `change`. */
  async function noticed(files: EnvoySource, change: () => void, options = { quietMs: 5, pollMs: 0 }): Promise<void> {
    const called = new Promise<void>((resolve) => files.watch(resolve, options))
    change()
    await called
  }

  function withBody(): EnvoySource {
    write('body', 'one')
    bootstrap({ listeners: [listener('l', { route_config: answering('r', { filename: at('body') }) })] })
    const files = source()
    files.read()
    return files
  }

  test('sees the bootstrap replaced', async () => {
    const files = withBody()
    await noticed(files, () => bootstrap({ clusters: [cluster('new')] }))
    expect(names(files.read())).toEqual(['Cluster new'])
  })

  test('sees a file that the bootstrap names written or replaced', async () => {
    const files = withBody()
    await noticed(files, () => write('body', 'two'))
    expect(printed(files.read(), 'l')).toContain('two')
    files.close()
    const again = withBody()
    await noticed(again, () => replace('body', 'three'))
    expect(printed(again.read(), 'l')).toContain('three')
  })

  test('sees files in a directory that only a later reading knows', async () => {
    const files = withBody()
    mkdirSync(at('deep'))
    write('deep/body', 'one')
    let wake = () => {}
    files.watch(() => wake(), { quietMs: 5, pollMs: 0 })
    const next = (change: () => void) =>
      new Promise<void>((resolve) => {
        wake = resolve
        change()
      })
    await next(() => bootstrap({ listeners: [listener('l', { route_config: answering('r', { filename: at('deep/body') }) })] }))
    files.read()
    await next(() => replace('deep/body', 'two'))
    expect(printed(files.read(), 'l')).toContain('two')
  }) // prettier-ignore

  test('sees the link of a Kubernetes volume swapped, and again', async () => {
    const version = (name: string, body: string) => {
      mkdirSync(at(name))
      write(`${name}/body`, body)
      symlinkSync(name, at('data_tmp'))
      renameSync(at('data_tmp'), at('..data'))
    }
    version('..v1', 'one')
    symlinkSync('..data/body', at('body'))
    bootstrap({ listeners: [listener('l', { route_config: answering('r', { filename: at('body') }) })] })
    for (const body of ['two', 'three']) {
      const files = source()
      files.read()
      await noticed(files, () => version(`..${body}`, body))
      expect(printed(files.read(), 'l')).toContain(body)
      files.close()
    }
  })

  test('sees a link above the directory of the file swapped', async () => {
    for (const name of ['v1', 'v2']) {
      mkdirSync(at(name))
      write(`${name}/body`, name)
    }
    symlinkSync('v1', at('current'))
    bootstrap({ listeners: [listener('l', { route_config: answering('r', { filename: at('current/body') }) })] })
    const files = source()
    files.read()
    await noticed(files, () => {
      symlinkSync('v2', at('current_tmp'))
      renameSync(at('current_tmp'), at('current'))
    })
    expect(printed(files.read(), 'l')).toContain('v2')
  })

  test('sees what happened between the reading and the watch', async () => {
    const files = withBody()
    write('body', 'two')
    await noticed(files, () => undefined)
  })

  test('gives the version of the contents: the same for the same', () => {
    const files = withBody()
    const { version } = files.read()
    replace('body', 'one')
    expect(files.read().version).toBe(version)
    replace('body', 'two')
    expect(files.read().version).not.toBe(version)
  })

  test('finds changes without any event, by looking from time to time', async () => {
    const files = withBody()
    // A quiet time that never ends: only polling is left.
    await noticed(files, () => write('body', 'two'), { quietMs: 2 ** 30, pollMs: 5 })
  })
})
