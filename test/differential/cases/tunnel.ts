// Group `tunnel`: the CONNECT that opens a tunnel and the TLS below it, raw TCP through the waypoint, and upgrades inside.

import type { Actor, ServiceSpec } from '../case.ts'
import { typed } from '../envoy-json.ts'
import { bytesIn, get, noteHttp2, pause, raw, request, sequence, untilAnswered, noteAnswers } from '../exchanges.ts'
import { answers, casesOf, echo, http2Echo, mirror, onConnect, onHeaders, pod } from '../pod-programs.ts'
import { describeBody } from '../records.ts'
import { h2Request, h2Sequence } from '../exchanges.ts'
import type { HeaderField } from '../../support/hpack-wire.ts'
import { Http2Wire, uint32 } from '../../support/http2-wire.ts'
import { direct, REST, route } from './routes.ts'

const TCP: ServiceSpec = { protocol: 'tcp' }
const AUTO: ServiceSpec = { protocol: 'auto' }

/** Speaks HTTP/2 by hand on the outer connection, runs `script`, and notes what came. */
function outer(script: (wire: Http2Wire, actor: Actor) => Promise<void>): (actor: Actor) => Promise<void> {
  return async (actor) => {
    const wire = new Http2Wire(await actor.dialRaw(), { role: 'client' })
    await wire.until(() => wire.settings !== undefined)
    await script(wire, actor)
    await noteHttp2(actor, wire)
  }
}

const connect = (authority: string, extra: readonly HeaderField[] = []): HeaderField[] => [
  [':method', 'CONNECT'],
  [':authority', authority],
  ...extra,
]

/** Opens a tunnel with each set of options and notes the answer or the failure. */
function refusals(...options: Parameters<Actor['open']>[0][]): (actor: Actor) => Promise<void> {
  return async (actor) => {
    for (const option of options) {
      try {
        const { status, tunnel } = await actor.open({ ...option, fresh: true })
        if (status === 200) tunnel.write(get('/'))
        if (status === 200) await untilAnswered(tunnel, ['GET'], 1, 1_000)
        actor.note('CONNECT', status ?? `no answer, ${tunnel.ending === undefined ? 'open' : 'ended'}`)
        actor.note('bytes', tunnel.received.toString('latin1').split('\r\n')[0])
      } catch {
        actor.note('CONNECT', 'connection refused')
      }
    }
  }
}

const webSocket = (extra: Readonly<Record<string, string>> = {}): string =>
  get('/chat', {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    ...extra,
  })

const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-accept: x\r\n\r\n'

/** Accepts an upgrade, then sends back what it gets in upper case; ends after the client. */
const upperCasePod = (answer = SWITCHING): ReturnType<typeof pod> =>
  pod(() => async (tunnel, recorder) => {
    await tunnel.until(() => tunnel.received.includes('\r\n\r\n'))
    const headEnd = tunnel.received.indexOf('\r\n\r\n') + 4
    recorder.note(
      'request',
      tunnel.received
        .toString('latin1', 0, headEnd - 4)
        .split('\r\n')
        .sort(),
    )
    tunnel.write(answer)
    let sent = headEnd
    while (tunnel.ending === undefined) {
      await tunnel.until(() => tunnel.received.length > sent || tunnel.ending !== undefined, 10_000)
      tunnel.write(tunnel.received.toString('latin1', sent).toUpperCase())
      sent = tunnel.received.length
    }
    recorder.note('received', tunnel.received.toString('latin1', headEnd))
    tunnel.end()
  })

export const tunnelCases = casesOf('tunnel', {
  'connect-answer': {
    exchange: async (actor) => {
      const { status, headers } = await actor.open()
      actor.note('status', status)
      actor.note(
        'headers',
        Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      )
    },
  },
  'connect-request-to-the-pod': {
    pods: pod(() => (tunnel, recorder) => {
      recorder.note('CONNECT', recorder.connect)
      return echo()(tunnel, recorder)
    }),
    exchange: sequence(get('/')),
  },
  'connect-with-ztunnel-headers': {
    pods: pod(() => (tunnel, recorder) => {
      recorder.note('CONNECT', recorder.connect)
      return echo()(tunnel, recorder)
    }),
    exchange: raw(['GET'], [get('/')], {
      headers: {
        baggage: 'k8s.namespace.name=default',
        forwarded: 'for="10.0.0.1:1234";host=svc',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00',
      },
    }),
  },
  'connect-to-unknown-address': {
    exchange: async (actor) => {
      for (const authority of ['127.0.0.99:80', actor.service.replace(/:.*/, ':81')]) {
        const { status, tunnel } = await actor.open({ authority })
        actor.note('CONNECT', status ?? 'no answer')
        tunnel.write(get('/'))
        await tunnel.untilEnded(2_000)
        actor.note('received', tunnel.received.toString('latin1'))
        actor.note('connection', tunnel.ending ?? 'open')
      }
    },
  },
  'connect-authority-malformed': {
    exchange: async (actor) => {
      for (const authority of ['nonsense', '1.2.3.4', '1.2.3.4:99999', ':80', '[::1]:x', 'host.test:80']) {
        const { status, tunnel } = await actor.open({ authority, fresh: true })
        actor.note(`CONNECT ${authority}`, status ?? `no answer, ${tunnel.ending === undefined ? 'open' : 'ended'}`)
        tunnel.write(get('/'))
        await tunnel.untilEnded(2_000)
        actor.note('received', tunnel.received.toString('latin1'))
        actor.note('connection', tunnel.ending ?? 'open')
      }
    },
  },
  'outer-get-instead-of-connect': {
    logs: ['terminate'],
    exchange: outer(async (wire, actor) => {
      wire.headers(1, h2Request({ ':authority': actor.service }), true)
      await wire.untilDone(1)
      wire.headers(3, h2Request({ ':authority': actor.service, ':method': 'POST' }))
      wire.data(3, 'body', true)
      await wire.untilDone(3)
      wire.headers(5, connect(actor.service))
      await wire.until(() => wire.stream(5).sections.length > 0)
    }),
  },
  'outer-connect-without-authority': {
    exchange: outer(async (wire) => {
      wire.headers(1, [[':method', 'CONNECT']])
      await wire.untilDone(1, 1_000)
    }),
  },
  'outer-connect-with-path-and-scheme': {
    exchange: outer(async (wire, actor) => {
      wire.headers(1, [
        [':method', 'CONNECT'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', actor.service],
      ])
      await wire.until(
        () => wire.stream(1).sections.length > 0 || wire.stream(1).done || wire.tunnel.ending !== undefined,
        1_000,
      )
    }),
  },
  'outer-extended-connect': {
    exchange: outer(async (wire, actor) => {
      wire.headers(1, [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', actor.service],
      ])
      await wire.untilDone(1, 1_000)
    }),
  },
  'outer-connect-with-end-of-stream': {
    exchange: outer(async (wire, actor) => {
      wire.headers(1, connect(actor.service), true)
      await wire.untilDone(1, 2_000)
    }),
  },
  'outer-settings': {
    exchange: outer(async (wire, actor) => {
      actor.note('settings', Object.fromEntries(wire.settings ?? []))
    }),
  },
  'outer-malformed-header': {
    exchange: outer(async (wire, actor) => {
      wire.headers(1, connect(actor.service, [['X-Upper', '1']]))
      await wire.untilDone(1, 1_000)
    }),
  },
  'outer-connect-with-content-length': {
    exchange: outer(async (wire, actor) => {
      wire.headers(1, connect(actor.service, [['content-length', '3']]))
      await wire.until(() => wire.stream(1).sections.length > 0 || wire.tunnel.ending !== undefined, 1_000)
    }),
  },
  'outer-trailers-end-the-tunnel': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: outer(async (wire, actor) => {
      wire.headers(1, connect(actor.service))
      await wire.until(() => wire.stream(1).sections.length > 0)
      wire.data(1, 'bytes')
      await wire.until(() => wire.stream(1).body.length === 5)
      wire.headers(1, [['x-trailer', '1']], true)
      await wire.untilDone(1, 2_000)
    }),
  },
  'outer-reset-by-client': {
    service: TCP,
    pods: pod(() => async (tunnel, recorder) => {
      tunnel.write('hello')
      await tunnel.untilEnded(5_000)
      recorder.note('tunnel', tunnel.ending === undefined ? 'open' : 'ended')
    }),
    exchange: outer(async (wire, actor) => {
      wire.headers(1, connect(actor.service))
      wire.data(1, 'x')
      await wire.until(() => wire.stream(1).body.toString() === 'hello')
      wire.reset(1, 8)
      await actor.poll(() => actor.seenByPods() === 1, 2_000)
      wire.headers(3, connect(actor.service))
      wire.data(3, 'y')
      await wire.until(() => wire.stream(3).body.toString() === 'hello')
    }),
  },
  'outer-two-tunnels-on-one-connection': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: outer(async (wire, actor) => {
      for (const id of [1, 3]) {
        wire.headers(id, connect(actor.service))
        wire.data(id, `bytes of ${id}`)
        await wire.until(() => wire.stream(id).body.length === 10)
      }
      for (const id of [1, 3]) {
        wire.data(id, '', true)
        await wire.untilDone(id)
      }
    }),
  },
  'outer-window-of-the-client-is-kept': {
    service: TCP,
    pods: pod(() => onConnect('w'.repeat(100_000))),
    exchange: async (actor) => {
      const wire = new Http2Wire(await actor.dialRaw(), { role: 'client', settings: [[4, 500]], returnsCredit: false })
      await wire.until(() => wire.settings !== undefined)
      wire.headers(1, connect(actor.service))
      wire.data(1, 'x')
      await wire.until(() => wire.stream(1).body.length >= 500)
      await pause(50)
      wire.parse()
      actor.note('within the window', wire.stream(1).body.length)
      wire.frame(8, 0, 0, uint32(200_000))
      wire.frame(8, 0, 1, uint32(200_000))
      await wire.until(() => wire.stream(1).body.length === 100_000)
      actor.note('afterwards', wire.stream(1).body.length)
    },
  },
  'tls-identities': {
    exchange: refusals(
      { identity: 'none' },
      { identity: 'foreign' },
      { identity: 'foreign-trust-domain' },
      { identity: ['other', 'one'] },
    ),
  },
  'tls-version-too-low': { exchange: refusals({ maxVersion: 'TLSv1.2' }) },
  'early-data': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: bytesIn(' and late', 14, { early: 'early' }),
  },
  'early-http-request': {
    exchange: async (actor) => {
      const { tunnel, status } = await actor.open({ early: get('/early') })
      actor.note('CONNECT', status)
      await untilAnswered(tunnel, ['GET'], 1)
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },

  'tcp-echo': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: bytesIn('some bytes', 10),
    logs: ['terminate', 'originate'],
  },
  'tcp-half-close-by-client': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write('all at once')
      tunnel.end()
      await tunnel.untilEnded()
      actor.note('received', tunnel.received.toString('latin1'))
      actor.note('connection', tunnel.ending ?? 'open')
    },
    logs: ['terminate', 'originate'],
    exactEnding: true,
  },
  'tcp-half-close-by-pod': {
    service: TCP,
    pods: pod(() => onConnect('all I have', 'end')),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      await tunnel.untilEnded()
      actor.note('received', tunnel.received.toString('latin1'))
      tunnel.write('still ')
      await pause(30)
      tunnel.write('talking')
      tunnel.end()
      await actor.poll(() => actor.seenByPods() === 1)
    },
    logs: ['terminate', 'originate'],
  },
  'tcp-server-first': {
    service: TCP,
    pods: pod(() => onConnect('220 ready\r\n', { waitMs: 20 }, '250 more\r\n')),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      await tunnel.until(() => tunnel.received.length === 21)
      actor.note('received', tunnel.received.toString('latin1'))
      tunnel.write('QUIT')
      tunnel.end()
      await tunnel.untilEnded()
      actor.note('connection', tunnel.ending)
    },
  },
  'tcp-reset-by-plain-pod': {
    service: TCP,
    pods: pod(
      () => async (tunnel, recorder) => {
        await tunnel.until(() => tunnel.received.length === 1)
        recorder.note('received', tunnel.received.toString('latin1'))
        tunnel.write('part')
        await pause(50)
        tunnel.reset()
      },
      { reach: 'plain' },
    ),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write('x')
      await tunnel.untilEnded()
      actor.note('received', tunnel.received.toString('latin1'))
      actor.note('connection', tunnel.ending ?? 'open')
    },
  },
  'tcp-refused-by-pod': {
    service: TCP,
    pods: pod(() => mirror(), { reply: () => ({ status: 503 }) }),
    exchange: bytesIn('', 1),
    logs: ['terminate', 'originate'],
  },
  'tcp-no-pods': {
    service: { ...TCP, clusters: { backend: { pods: [] } } },
    exchange: bytesIn('x', 1),
    logs: ['terminate'],
  },
  'tcp-no-cluster': {
    service: { ...TCP, tcp: { cluster: 'missing' } },
    exchange: bytesIn('x', 1),
    logs: ['terminate'],
  },
  'tcp-plain-pod': {
    service: TCP,
    pods: pod(() => mirror(), { reach: 'plain' }),
    exchange: bytesIn('plain bytes', 11, { end: true }),
  },
  'tcp-big-both-ways': {
    service: TCP,
    pods: pod(() => mirror()),
    exchange: bytesIn(Buffer.alloc(1 << 20, 'big'), 1 << 20, { end: true }),
  },
  'tcp-idle-timeout': {
    service: { ...TCP, tcp: { idle_timeout: '0.3s' } },
    pods: pod(() => onConnect('hi')),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      await tunnel.untilEnded(3_000)
      actor.note('received', tunnel.received.toString('latin1'))
      actor.note('connection', tunnel.ending ?? 'open')
    },
  },
  'tcp-maximum-duration': {
    service: { ...TCP, tcp: { max_downstream_connection_duration: '1s' } },
    pods: pod(() => mirror()),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write('x')
      await tunnel.untilEnded(3_000)
      actor.note('received', tunnel.received.toString('latin1'))
      actor.note('connection', tunnel.ending ?? 'open')
    },
  },
  'tcp-weighted-clusters': {
    service: {
      ...TCP,
      tcp: { cluster: undefined, weighted_clusters: { clusters: [{ name: '<<one>>', weight: 1 }] } },
      clusters: { one: { pods: ['b'] } },
    },
    pods: () => ({ a: { program: mirror() }, b: { program: onConnect('from b') } }),
    exchange: bytesIn('x', 6),
  },
  'tcp-set-filter-state': {
    service: {
      ...TCP,
      networkFilters: [
        {
          name: 'envoy.filters.network.set_filter_state',
          typed_config: typed('envoy.extensions.filters.network.set_filter_state.v3.Config', {
            on_new_connection: [
              {
                object_key: 'test.value',
                factory_key: 'envoy.string',
                format_string: {
                  text_format_source: { inline_string: '%FILTER_STATE(io.istio.peer_principal:PLAIN)%' },
                },
              },
            ],
          }),
        },
      ],
    },
    pods: pod(() => mirror()),
    exchange: bytesIn('state', 5),
  },

  'sniffed-http1': { service: AUTO, exchange: sequence(get('/1'), get('/2')) },
  'sniffed-http2': { service: AUTO, exchange: h2Sequence(h2Request()) },
  'sniffed-http-1-0': { service: AUTO, pods: pod(() => mirror()), exchange: bytesIn('GET / HTTP/1.0\r\n\r\n', 18) },
  'sniffed-bytes': { service: AUTO, pods: pod(() => mirror()), exchange: bytesIn('\x16\x03\x01 not HTTP', 11) },
  'sniffed-in-pieces': {
    service: AUTO,
    exchange: raw(['GET'], ['GE', 'T / HT', 'TP/1.1\r\nho', 'st: a\r\n\r\n']),
  },
  'direct-to-pod-http': { service: { protocol: 'direct' }, exchange: sequence(get('/pod'), get('/again')) },
  'direct-to-pod-tcp': {
    service: { protocol: 'direct' },
    pods: pod(() => mirror()),
    exchange: bytesIn('\0raw bytes', 10, { end: true }),
  },
  'direct-to-pod-http2': {
    service: { protocol: 'direct' },
    pods: pod(() => http2Echo()),
    exchange: h2Sequence(h2Request()),
  },

  'http-plain-pod': { pods: pod(() => echo(), { reach: 'plain' }), exchange: sequence(get('/1'), get('/2')) },
  'pod-with-wrong-identity': {
    service: { routes: [REST] },
    pods: pod(() => echo(), { identity: ['elsewhere', 'app'] }),
    exchange: sequence(get('/')),
    logs: ['originate'],
  },

  'upgrade-accepted': {
    pods: upperCasePod(),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(webSocket())
      await untilAnswered(tunnel, ['GET'], 1)
      tunnel.write('frames')
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('FRAMES'))
      tunnel.end()
      await tunnel.untilEnded()
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },
  'upgrade-with-early-frames': {
    pods: upperCasePod(),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(webSocket() + 'early')
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('EARLY'))
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },
  'upgrade-closed-by-pod': {
    pods: pod(() => answers([SWITCHING, 'bye', { waitMs: 30 }, 'end'])),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(webSocket())
      await tunnel.untilEnded()
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },
  'upgrade-refused-by-pod': {
    pods: pod(() => answers('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 3\r\n\r\nno!')),
    exchange: sequence(webSocket(), get('/next')),
  },
  'upgrade-answered-with-200': {
    pods: pod(() => answers('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes')),
    exchange: sequence(webSocket()),
  },
  'upgrade-case-of-names': {
    pods: upperCasePod(),
    exchange: sequence(webSocket({ upgrade: 'WebSocket', connection: 'keep-alive, UPGRADE' })),
  },
  'upgrade-not-allowed': { exchange: sequence(webSocket({ upgrade: 'other' })) },
  'upgrade-disabled-by-route': {
    service: {
      routes: [route('plain', { prefix: '/' }, { upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] })],
    },
    exchange: sequence(webSocket()),
  },
  'upgrade-of-another-kind': {
    service: { hcm: { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'tcp' }] } },
    pods: upperCasePod('HTTP/1.1 101 Switching Protocols\r\nupgrade: tcp\r\nconnection: upgrade\r\n\r\n'),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/', { connection: 'upgrade', upgrade: 'tcp' }))
      await untilAnswered(tunnel, ['GET'], 1)
      tunnel.write('bytes')
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('BYTES'))
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },
  'upgrade-with-route-timeout': {
    service: { routes: [route('timed', { prefix: '/' }, { timeout: '0.8s' })] },
    pods: upperCasePod(),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(webSocket())
      await untilAnswered(tunnel, ['GET'], 1)
      await pause(1_200)
      tunnel.write('late')
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('LATE'))
      await noteAnswers(actor, tunnel, ['GET'])
    },
  },
  'upgrade-no-route': {
    service: { routes: [direct('only', { path: '/only' }, 200)] },
    exchange: sequence(webSocket()),
  },
  'upgrade-without-connection-token': {
    exchange: sequence(get('/', { upgrade: 'websocket' }), get('/', { connection: 'upgrade' })),
  },
  'upgrade-with-a-body': {
    pods: pod(() => onHeaders('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
    exchange: sequence(request('POST', '/chat', { connection: 'upgrade', upgrade: 'websocket' }, 'body')),
  },
  'connect-by-http1-terminated': {
    service: {
      hcm: { upgrade_configs: [{ upgrade_type: 'CONNECT' }] },
      routes: [
        route(
          'tunnel',
          { connect_matcher: {} },
          { upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] },
        ),
        REST,
      ],
    },
    pods: pod(() => mirror()),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write('CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\n\r\n')
      await untilAnswered(tunnel, ['CONNECT'], 1)
      tunnel.write('tunnelled')
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('tunnelled'))
      actor.note('received', describeBody(tunnel.received))
      tunnel.end()
      await tunnel.untilEnded()
      actor.note('connection', tunnel.ending ?? 'open')
    },
  },
})
