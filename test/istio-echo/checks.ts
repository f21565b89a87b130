// What is asked of the waypoint, and which lines in the echo client's output show that it was done.

import { eventually } from '../support/eventually.ts'
import type { EchoPrograms } from './build.ts'
import { runEchoClient } from './echo-programs.ts'
import { type Destination, type EchoMesh, serviceAuthority } from './mesh.ts'

export interface Check {
  readonly destination: Destination
  readonly what: string
  /** Resolves with what is wrong, or undefined. */
  run(): Promise<string | undefined>
}

const MIB = 1 << 20

export function checksOf(programs: EchoPrograms, mesh: EchoMesh): Check[] {
  return [
    ...trafficChecks(programs, mesh, 'ztunnel'),
    ...trafficChecks(programs, mesh, 'istio'),
    ...identityChecks(programs, mesh),
  ]
}

function trafficChecks(programs: EchoPrograms, mesh: EchoMesh, destination: Destination): Check[] {
  const at = (service: Parameters<typeof serviceAuthority>[1]) => serviceAuthority(destination, service)
  const version = `ServiceVersion=behind-${destination}`
  const client = async (url: string, expected: readonly (string | RegExp)[], args: readonly string[] = []) => {
    const { succeeded, output } = await runEchoClient(programs, url, mesh.hbone, args)
    return succeeded ? missing(output, [version, ...expected]) : `the client failed:\n${output}`
  }
  const check = (what: string, run: Check['run']): Check => ({ destination, what, run })
  return [
    check('GET over HTTP/1.1', () =>
      client(`http://${at('web')}/a/path?q=1`, ['StatusCode=200', 'Method=GET', 'URL=/a/path?q=1', 'Proto=HTTP/1.1']),
    ),
    check('50 GETs, each on a tunnel of its own', () =>
      client(`http://${at('web')}/`, [/^\[49 body\] ServiceVersion=/m], ['--count', '50', '--qps', '100']),
    ),
    check('a status and a header that the server chose', () =>
      client(`http://${at('web')}/?codes=418&headers=x-chosen:yes`, ['StatusCode=418', 'ResponseHeader=X-Chosen:yes']),
    ),
    check('h2c, to a service of HTTP/1.1', () =>
      client(`http://${at('web')}/`, ['StatusCode=200', 'Proto=HTTP/1.1'], ['--http2']),
    ),
    check('h2c, to a service of HTTP/2', () =>
      client(`http://${at('h2')}/`, ['StatusCode=200', 'Proto=HTTP/2.0'], ['--http2']),
    ),
    check('gRPC', () => client(`grpc://${at('grpc')}`, ['StatusCode=200', 'Echo=hello'], ['--msg', 'hello'])),
    check('WebSocket', () => client(`ws://${at('web')}/`, ['StatusCode=200', 'a message'], ['--msg', 'a message'])),
    check('TCP', () => client(`tcp://${at('bytes')}`, ['StatusCode=200', 'some bytes'], ['--msg', 'some bytes'])),
    check('TCP where the server speaks first', () =>
      client(`tcp://${at('first')}`, ['StatusCode=200', 'reply'], ['--server-first', '--msg', 'reply']),
    ),
    check('POST of 1 MiB, its last bytes a form field', () => postMebibyte(mesh, at('web'), version)),
    check('1 MiB of TCP there and back', () => echoMebibyte(mesh, at('bytes'), version)),
  ]
}

/** The echo client's HTTP has no bodies, its TCP sends what it is given: here a whole request. */
async function postMebibyte(mesh: EchoMesh, authority: string, version: string): Promise<string | undefined> {
  const end = '&headers=x-last-field:arrived'
  const body = `padding=${'p'.repeat(MIB - 'padding='.length - end.length)}${end}`
  const head = [
    'POST /form HTTP/1.1',
    `host: ${authority}`,
    'connection: close',
    'content-type: application/x-www-form-urlencoded',
    `content-length: ${body.length}`,
  ]
  const output = await mesh.forwarder.forward({
    url: `tcp://${authority}`,
    message: `${head.join('\r\n')}\r\n\r\n${body}`,
    expectedResponse: 'HTTP/1.1 200 OK',
    hbone: mesh.hbone,
  })
  return missing(output, [version, 'Method=POST', /x-last-field: arrived/i, `RequestHeader=Content-Length:${MIB}`])
}

async function echoMebibyte(mesh: EchoMesh, authority: string, version: string): Promise<string | undefined> {
  const lines = Array.from({ length: MIB / 16 }, (_, n) => String(n).padStart(15, '.'))
  const output = await mesh.forwarder.forward({
    url: `tcp://${authority}`,
    message: lines.join('\n'),
    expectedResponse: 'StatusCode=200',
    hbone: mesh.hbone,
  })
  const echoed = [...output.matchAll(/^\[0 body\] (\.+\d+)$/gm)].map(([, line]) => line)
  const wrong = lines.findIndex((line, n) => echoed[n] !== line)
  if (wrong >= 0) return `line ${wrong} of ${lines.length} came back as ${JSON.stringify(echoed[wrong])}`
  return missing(output, [version])
}

function identityChecks(programs: EchoPrograms, mesh: EchoMesh): Check[] {
  const web = `http://${serviceAuthority('ztunnel', 'web')}/`
  return [
    {
      destination: 'ztunnel',
      what: 'every tunnel came from the identity of the waypoint',
      run: () => {
        const strangers = mesh.tunnels.filter(({ peer }) => peer !== mesh.waypoint.spiffeId)
        const verdict = strangers.length === 0 && mesh.tunnels.length > 0
        return Promise.resolve(verdict ? undefined : `${strangers.length} of ${mesh.tunnels.length} did not`)
      },
    },
    {
      destination: 'ztunnel',
      what: 'every tunnel was accepted',
      run: () => {
        const refused = mesh.tunnels.filter(({ status }) => status !== 200)
        return Promise.resolve(refused.length === 0 ? undefined : JSON.stringify(refused[0]))
      },
    },
    {
      destination: 'ztunnel',
      what: 'the client verified the identity of the waypoint',
      run: async () => {
        const { output } = await runEchoClient(programs, web, mesh.hbone)
        return missing(output, ['CONNECT established', `remote=${mesh.waypoint.spiffeId}`, 'StatusCode=200'])
      },
    },
    {
      destination: 'ztunnel',
      what: 'a client with a certificate of another authority is refused',
      // Where the client's round trip ends is a race of its writes with our close, so why it ended is for the waypoint to say.
      run: async () => {
        const before = await refusedCertificates(mesh)
        const problem = refused(await runEchoClient(programs, web, mesh.foreignHbone), /round trip: /)
        if (problem !== undefined) return problem
        const isCounted = await eventually(async () => (await refusedCertificates(mesh)) === before + 1)
        return isCounted
          ? undefined
          : `the waypoint counts ${await refusedCertificates(mesh)} refusals, before ${before}`
      },
    },
    {
      destination: 'ztunnel',
      what: 'a client that does not trust the waypoint refuses it',
      run: async () =>
        refused(await runEchoClient(programs, web, mesh.distrustingHbone), /certificate signed by unknown authority/),
    },
    {
      destination: 'stranger',
      what: 'a destination of another trust domain gets no request: 503',
      run: async () => {
        const url = `http://${serviceAuthority('stranger', 'web')}/`
        const { output } = await runEchoClient(programs, url, mesh.hbone)
        if (output.includes('ServiceVersion=')) return `it was answered:\n${output}`
        return missing(output, ['StatusCode=503'])
      },
    },
  ]
}

/** Certificates that the waypoint has refused for who signed them. */
async function refusedCertificates(mesh: EchoMesh): Promise<number> {
  const stats = await mesh.waypoint.admin('/stats?filter=ssl.fail_verify_error')
  return [...stats.matchAll(/: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** What of `expected` the output lacks, with the output, or undefined. */
function missing(output: string, expected: readonly (string | RegExp)[]): string | undefined {
  const absent = expected.filter((one) => (typeof one === 'string' ? !output.includes(one) : !one.test(output)))
  return absent.length === 0 ? undefined : `lacks ${absent.join(', ')} in\n${output.slice(0, 3_000)}`
}

function refused(result: { succeeded: boolean; output: string }, reason: RegExp): string | undefined {
  if (result.succeeded) return `it succeeded:\n${result.output}`
  return reason.test(result.output) ? undefined : `it failed otherwise:\n${result.output}`
}
