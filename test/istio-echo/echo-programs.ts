// Runs Istio's echo programs: a server with its ports, a client for one request, and the forwarder inside a server, which takes
// requests over gRPC that do not fit on a command line. What they print is what is judged.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { IdentityFiles } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/proxy-process.ts'
import type { EchoPrograms } from './build.ts'

const run = promisify(execFile)

/** How a source reaches the waypoint: as `--hbone` and its companions. */
export interface Hbone {
  /** IP:port. */
  readonly address: string
  readonly files: Pick<IdentityFiles, 'chainFile' | 'keyFile'>
  /** With it the waypoint's certificate is verified: its chain, and that it names the address. */
  readonly rootFile: string
}

export interface EchoPorts {
  readonly http: number
  readonly tcp: number
  readonly serverFirst: number
  readonly grpc: number
  /** An HBONE server of Istio's own, which asks for no client certificate. */
  readonly hbone: number
}

export class EchoServer {
  readonly ports: EchoPorts
  readonly host: string
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, host: string, ports: EchoPorts) {
    this.child = child
    this.host = host
    this.ports = ports
  }

  /** @param version what its answers say of themselves. */
  static async start(
    programs: EchoPrograms,
    host: string,
    version: string,
    identity: IdentityFiles,
  ): Promise<EchoServer> {
    const ports: EchoPorts = {
      http: await freePort(host),
      tcp: await freePort(host),
      serverFirst: await freePort(host),
      grpc: await freePort(host),
      hbone: await freePort(host),
    }
    const args = [
      ['--port', ports.http],
      ['--tcp', `${ports.tcp},${ports.serverFirst}`],
      ['--server-first', ports.serverFirst],
      ['--grpc', ports.grpc],
      ['--hbone', ports.hbone],
      ['--tls', ports.hbone],
      ['--bind-ip', Object.values(ports).join(',')],
      ['--crt', identity.chainFile],
      ['--key', identity.keyFile],
      ['--version', version],
    ]
    const env = { ...process.env, INSTANCE_IP: host }
    const child = spawn(programs.server, args.flat().map(String), { env, stdio: ['ignore', 'ignore', 'inherit'] })
    const server = new EchoServer(child, host, ports)
    for (const port of Object.values(ports)) {
      if (await eventually(() => accepts(host, port), 30_000)) continue
      await server.stop()
      throw new Error(`Istio's echo server does not listen on ${host}:${port}`)
    }
    return server
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }

  /**
   * A request that this server sends for us (`EchoTestService.ForwardEcho`). Resolves with the lines that the echo client would
   * print; rejects with the forwarder's error.
   */
  async forward(request: ForwardRequest): Promise<string> {
    const session = connectHttp2(`http://${this.host}:${this.ports.grpc}`)
    try {
      const message = encodeForwardRequest(request)
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(message.length, 1)
      const stream = session.request({
        ':method': 'POST',
        ':path': '/proto.EchoTestService/ForwardEcho',
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      let trailers: Record<string, unknown> = {}
      stream.on('response', (headers) => (trailers = headers))
      stream.on('trailers', (fields) => (trailers = fields))
      stream.end(Buffer.concat([prefix, message]))
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      if (trailers['grpc-status'] !== '0') throw new Error(decodeURIComponent(String(trailers['grpc-message'])))
      return decodeOutput(Buffer.concat(chunks).subarray(5))
    } finally {
      session.destroy()
    }
  }
}

export interface ForwardRequest {
  /** `tcp://IP:port` and the like. */
  readonly url: string
  /** For TCP: what is sent, a line feed after it. */
  readonly message: string
  /** For TCP: what the answer must contain. */
  readonly expectedResponse: string
  readonly hbone: Hbone
}

/** One call of the echo client. Resolves with what it prints, whether it succeeds or not. */
export async function runEchoClient(
  programs: EchoPrograms,
  url: string,
  hbone: Hbone,
  args: readonly string[] = [],
): Promise<{ readonly succeeded: boolean; readonly output: string }> {
  const options = [
    ...['--hbone', hbone.address, '--hbone-ca', hbone.rootFile],
    ...['--hbone-client-cert', hbone.files.chainFile, '--hbone-client-key', hbone.files.keyFile],
    ...['--timeout', '20s', '--istio.test.echo.requestTimeout', '20s'],
  ]
  try {
    const { stdout, stderr } = await run(programs.client, [url, ...options, ...args], { maxBuffer: 16 << 20 })
    return { succeeded: true, output: stdout + stderr }
  } catch (error) {
    const { stdout = '', stderr = String(error) } = error as { stdout?: string; stderr?: string }
    return { succeeded: false, output: stdout + stderr }
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** `proto.ForwardEchoRequest` of Istio's echo.proto, as far as it is used here. */
function encodeForwardRequest({ url, message, expectedResponse, hbone }: ForwardRequest): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.Varint).int32(1)
  writer.tag(3, WireType.Varint).int64(20_000_000)
  writer.tag(4, WireType.LengthDelimited).string(url)
  writer.tag(6, WireType.LengthDelimited).string(message)
  writer.tag(21, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(expectedResponse).join()
  writer.tag(24, WireType.LengthDelimited).fork()
  writer.tag(9, WireType.LengthDelimited).string(hbone.address)
  writer.tag(5, WireType.LengthDelimited).string(hbone.files.chainFile)
  writer.tag(6, WireType.LengthDelimited).string(hbone.files.keyFile)
  writer.tag(7, WireType.LengthDelimited).string(hbone.rootFile).join()
  return writer.finish()
}

/** `proto.ForwardEchoResponse`: one string per request. */
function decodeOutput(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes)
  let output = ''
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === 1) output += reader.string()
    else reader.skip(wireType)
  }
  return output
}
