import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { CertificateAuthority } from './certificate-authority.ts'
import { type EchoAnswer, type RunningService, startEchoService } from './echo-service.ts'
import { HboneClient, startTunnelListener } from './hbone-client.ts'
import { startHboneServer, type TunnelFacts } from './hbone-server.ts'

const authority = new CertificateAuthority()
const destination = authority.issue('demo', 'echo')
const source = authority.issue('demo', 'source')
const tunnels: TunnelFacts[] = []
const closers: (() => unknown)[] = []
let echo: RunningService
let hbone: RunningService
let client: HboneClient

function newClient(expectedSpiffeId = destination.spiffeId, credentials = source): HboneClient {
  const created = new HboneClient({ host: hbone.host, port: hbone.port, credentials, expectedSpiffeId })
  closers.push(() => created.close())
  return created
}

/** A plain port that leads through a tunnel to a server on loopback. */
async function tunnelTo(port: number, through = client): Promise<RunningService> {
  const listener = await startTunnelListener({ client: through, authority: `127.0.0.1:${port}` })
  closers.push(() => listener.close())
  return listener
}

async function plainServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket)
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

interface HttpAnswer {
  status: number
  body: Buffer
}

function get(port: number, path: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }))
    })
    request.on('error', reject)
    request.end()
  })
}

beforeAll(async () => {
  echo = await startEchoService({ service: 'echo', version: 'v1', pod: 'echo-0' })
  hbone = await startHboneServer({ credentials: destination, onTunnel: (facts) => tunnels.push(facts) })
  client = new HboneClient({ ...hbone, credentials: source, expectedSpiffeId: destination.spiffeId })
})
afterAll(async () => {
  client.close()
  await hbone.close()
  await echo.close()
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  tunnels.length = 0
})

describe('HBONE from a source to a destination', () => {
  test('carries HTTP/1.1, and the destination knows who dialled what', async () => {
    const listener = await tunnelTo(echo.port)
    const { status, body } = await get(listener.port, '/a?b=c')
    const answer = JSON.parse(body.toString()) as EchoAnswer
    expect(status).toBe(200)
    expect(answer).toMatchObject({
      service: 'echo',
      version: 'v1',
      pod: 'echo-0',
      protocol: 'HTTP/1.1',
      path: '/a?b=c',
    })
    expect(answer.authority).toBe(`127.0.0.1:${listener.port}`)
    expect(tunnels).toMatchObject([
      { peer: 'spiffe://cluster.local/ns/demo/sa/source', authority: `127.0.0.1:${echo.port}`, status: 200 },
    ])
    expect(Object.keys(tunnels[0].headers).sort()).toEqual([':authority', ':method', 'forwarded', 'traceparent'])
  })

  test('carries cleartext HTTP/2', async () => {
    const listener = await tunnelTo(echo.port)
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`)
    const stream = session.request({ ':path': '/h2', 'x-a': '1' })
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await once(stream, 'end')
    session.close()
    expect(JSON.parse(text)).toMatchObject({ protocol: 'HTTP/2.0', path: '/h2', headers: { 'x-a': '1' } })
  })

  test('keeps every byte of 20 MiB in both directions while the reader is slow', async () => {
    const size = 20 << 20
    const port = await plainServer((socket) => socket.pipe(socket))
    const socket = connect({ host: '127.0.0.1', port: (await tunnelTo(port)).port, allowHalfOpen: true })
    const sent = createHash('sha256')
    const received = createHash('sha256')
    let bytes = 0
    socket.on('data', (chunk: Buffer) => {
      received.update(chunk)
      // A turn of the event loop for each chunk: the writer must wait for the reader.
      if ((bytes += chunk.length) < size) {
        socket.pause()
        setImmediate(() => socket.resume())
      }
    })
    for (let left = size; left > 0;) {
      const chunk = randomBytes(Math.min(left, 65536))
      left -= chunk.length
      sent.update(chunk)
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    socket.end()
    await once(socket, 'end')
    expect(bytes).toBe(size)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  test('ends one direction while the other goes on', async () => {
    const port = await plainServer((socket) => {
      socket.on('data', () => {})
      socket.on('end', () => socket.end('after your end'))
    })
    const socket = connect({ host: '127.0.0.1', port: (await tunnelTo(port)).port, allowHalfOpen: true })
    socket.end('question')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toBe('after your end')
    await once(socket, 'end')
  })

  test('carries protocols in which the server speaks first', async () => {
    const port = await plainServer((socket) => socket.end('220 ready\r\n'))
    const socket = connect({ host: '127.0.0.1', port: (await tunnelTo(port)).port })
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    expect(greeting.toString()).toBe('220 ready\r\n')
  })

  test('tells the application of a client that vanished', async () => {
    let ended: (value: unknown) => void
    const end = new Promise((resolve) => (ended = resolve))
    const port = await plainServer((socket) => {
      socket.write('hello')
      socket.on('data', () => {})
      socket.on('end', () => ended('end'))
      socket.on('error', ended)
    })
    const socket = connect({ host: '127.0.0.1', port: (await tunnelTo(port)).port })
    await once(socket, 'data')
    socket.resetAndDestroy()
    expect(await end).toBe('end')
  })
})

describe('the source end', () => {
  test('keeps all tunnels of an identity on one connection, and opens another at a hundred', async () => {
    const pooled = newClient()
    const first = await Promise.all(Array.from({ length: 100 }, () => pooled.connect(`127.0.0.1:${echo.port}`)))
    expect(pooled.openConnections).toBe(1)
    const next = await pooled.connect(`127.0.0.1:${echo.port}`)
    expect(pooled.openConnections).toBe(2)
    for (const stream of [...first, next]) stream.destroy()
  })

  test('leaves a connection that says goodbye, and the tunnels on it live on', async () => {
    const port = await plainServer((socket) => socket.pipe(socket))
    const credentials = authority.issue('demo', 'other')
    const server = await startHboneServer({ credentials })
    const pooled = new HboneClient({ ...server, credentials: source, expectedSpiffeId: credentials.spiffeId })
    const old = await pooled.connect(`127.0.0.1:${port}`)
    old.session?.emit('goaway', 0, 2 ** 31 - 1)
    const fresh = await pooled.connect(`127.0.0.1:${port}`)
    expect(fresh.session).not.toBe(old.session)
    old.write('still here')
    const [echoed] = (await once(old, 'data')) as [Buffer]
    expect(echoed.toString()).toBe('still here')
    pooled.close()
    await server.close()
  })

  test('refuses a waypoint that is not who it should be', async () => {
    const misled = newClient('spiffe://cluster.local/ns/demo/sa/waypoint')
    await expect(misled.connect(`127.0.0.1:${echo.port}`)).rejects.toThrow(
      'expected spiffe://cluster.local/ns/demo/sa/waypoint, the peer is spiffe://cluster.local/ns/demo/sa/echo',
    )
    const listener = await tunnelTo(echo.port, misled)
    await expect(get(listener.port, '/')).rejects.toThrow(/ECONNRESET|socket hang up/)
  })
})

describe('the destination end', () => {
  test('answers the CONNECT with a status and nothing else', async () => {
    const session = connectHttp2(`https://127.0.0.1:${hbone.port}`, {
      key: source.keyPem,
      cert: source.certChainPem,
      ca: source.rootPem,
      checkServerIdentity: () => undefined,
    })
    const stream = session.request({ ':method': 'CONNECT', ':authority': `127.0.0.1:${echo.port}` })
    const [headers] = (await once(stream, 'response')) as [object]
    expect(Object.entries(headers)).toEqual([[':status', 200]])
    session.destroy()
  })

  test('answers 503 when the application does not listen, and 400 to what is no address', async () => {
    const free = await plainServer(() => {})
    for (const close of closers.splice(0)) await close()
    await expect(client.connect(`127.0.0.1:${free}`)).rejects.toThrow('was answered with 503')
    await expect(client.connect('echo.demo.svc.cluster.local:80')).rejects.toThrow('was answered with 400')
    expect(tunnels.map(({ status }) => status)).toEqual([503, 400])
  })

  test('refuses a client of another mesh', async () => {
    const foreign = new CertificateAuthority().issue('demo', 'source')
    await expect(
      newClient(destination.spiffeId, { ...foreign, rootPem: authority.rootPem }).connect(`127.0.0.1:${echo.port}`),
    ).rejects.toThrow()
    expect(tunnels).toEqual([])
  })
})
