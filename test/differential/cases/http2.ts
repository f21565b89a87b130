// Group `http2`: HTTP/2 inside the tunnel, from clients and to pods, with frames that are right and frames that are not;
// and gRPC on top of it.

import type { ServiceSpec } from '../case.ts'
import { httpProtocolOptions } from '../envoy-json.ts'
import { answersOn, get, h2Request, h2Sequence, inHttp2, noteHttp2, pause, request, sequence } from '../exchanges.ts'
import { describeResponse } from '../records.ts'
import { answers, casesOf, echo, http2, http2Echo, mirror, pod } from '../pod-programs.ts'
import { encodeFields, type HeaderField } from '../../support/hpack-wire.ts'
import { encodeFrame, FLAG, FRAME, Http2Wire, PREFACE, setting, uint32 } from '../../support/http2-wire.ts'
import { direct, REST, route } from './routes.ts'

/** A service whose pods speak HTTP/2. */
const toHttp2: ServiceSpec = { clusters: { backend: { pods: ['a'], http2: true } } }

/** The same, where upgrades may reach them. */
const upgradesToHttp2: ServiceSpec = {
  clusters: {
    backend: {
      pods: ['a'],
      http2: true,
      extra: {
        typed_extension_protocol_options: httpProtocolOptions({
          explicit_http_config: { http2_protocol_options: { allow_connect: true } },
        }),
      },
    },
  },
}

const WEBSOCKET = h2Request({ ':method': 'CONNECT', ':path': '/chat' }, []).toSpliced(4, 0, [':protocol', 'websocket'])

/** Accepts an extended CONNECT, says hello, and ends after the client's goodbye. */
const websocketPod = pod(() => async (tunnel, recorder) => {
  const wire = new Http2Wire(tunnel, { role: 'server' })
  wire.onStream = (stream) => {
    recorder.note('request', stream.sections[0].map(([name, value]) => `${name}: ${value}`).sort())
    wire.headers(stream.id, [
      [':status', '200'],
      ['x-a', 'b'],
    ])
    wire.data(stream.id, 'hello')
  }
  if (await wire.until(() => wire.streams.get(1)?.body.toString() === 'bye')) wire.data(1, '', true)
  await wire.until(() => tunnel.ending !== undefined, 60_000)
  tunnel.end()
})

const GRPC: readonly HeaderField[] = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]

const grpcCall = (path = '/svc/method', extra: readonly HeaderField[] = []): HeaderField[] =>
  h2Request({ ':method': 'POST', ':path': path }, [...GRPC, ...extra])

/** One gRPC message of zero bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5)

const grpcPod = (status: string, message?: string): ReturnType<typeof pod> =>
  pod(() =>
    http2((wire, stream) => {
      wire.headers(stream.id, [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ])
      wire.data(stream.id, EMPTY_MESSAGE)
      wire.headers(
        stream.id,
        [['grpc-status', status], ...(message === undefined ? [] : [['grpc-message', message] as const])],
        true,
      )
    }),
  )

/** Each section on a connection of its own, since a malformed one may cost the connection. */
const eachAlone = (...sections: (readonly HeaderField[])[]) => {
  return async (actor: Parameters<ReturnType<typeof inHttp2>>[0]): Promise<void> => {
    for (const section of sections) await h2Sequence(section)(actor)
  }
}

export const http2Cases = casesOf('http2', {
  'to-http1-pod': {
    exchange: h2Sequence(h2Request({ ':path': '/a?b' }, [['x-a', '1']]), h2Request({ ':method': 'HEAD' })),
  },
  'to-http2-pod': {
    service: toHttp2,
    pods: pod(() => http2Echo()),
    exchange: h2Sequence(h2Request({ ':path': '/a?b' }, [['x-a', '1']]), h2Request({}, [['x-b', '2']])),
  },
  'http1-to-http2-pod': {
    service: toHttp2,
    pods: pod(() => http2Echo()),
    exchange: sequence(get('/1', { 'x-a': 'b' }), request('POST', '/2', {}, 'body')),
  },
  'request-body': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'first ')
      wire.data(1, 'second', true)
      await wire.untilDone(1)
    }),
  },
  'request-body-with-length': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-length', '5']]))
      wire.data(1, 'abcde', true)
      await wire.untilDone(1)
    }),
  },
  'request-body-longer-than-length': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-length', '3']]))
      wire.data(1, 'abcde', true)
      await wire.untilDone(1)
    }),
  },
  'request-body-shorter-than-length': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-length', '9']]))
      wire.data(1, 'abcde', true)
      await wire.untilDone(1)
    }),
  },
  'request-trailers-to-http2-pod': {
    service: toHttp2,
    pods: pod(() => http2Echo()),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'body')
      wire.headers(1, [['x-trailer', '1']], true)
      await wire.untilDone(1)
    }),
  },
  'request-trailers-to-http1-pod': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'body')
      wire.headers(1, [['x-trailer', '1']], true)
      await wire.untilDone(1)
    }),
  },
  'response-trailers': {
    service: toHttp2,
    pods: pod(() =>
      http2((wire, stream) => {
        wire.headers(stream.id, [[':status', '200']])
        wire.data(stream.id, 'body')
        wire.headers(
          stream.id,
          [
            ['x-t', '1'],
            ['x-u', '2'],
          ],
          true,
        )
      }),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'response-chunked-from-http1': {
    pods: pod(() =>
      answers('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'response-interim': {
    service: toHttp2,
    pods: pod(() =>
      http2(async (wire, stream) => {
        wire.headers(stream.id, [
          [':status', '103'],
          ['link', 'x'],
        ])
        await pause(20)
        wire.headers(stream.id, [[':status', '200']], true)
      }),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'cookie-crumbs': {
    exchange: h2Sequence(
      h2Request({}, [
        ['cookie', 'a=1'],
        ['x-a', 'b'],
        ['cookie', 'c=2'],
        ['cookie', 'd=3; e=4'],
      ]),
    ),
  },
  'streams-in-parallel': {
    exchange: inHttp2(async (wire) => {
      for (const id of [1, 3, 5, 7]) {
        wire.headers(id, h2Request({ ':path': `/${id}` }), true)
        await wire.untilDone(id)
      }
    }),
  },
  'stream-ids-skipped': {
    exchange: inHttp2(async (wire) => {
      wire.headers(5, h2Request(), true)
      await wire.untilDone(5)
      wire.headers(101, h2Request(), true)
      await wire.untilDone(101)
    }),
  },
  'direct-response': {
    service: { routes: [direct('direct', { path: '/d' }, 201, 'made'), REST] },
    exchange: h2Sequence(h2Request({ ':path': '/d' }), h2Request({ ':path': '/d', ':method': 'HEAD' })),
  },
  'no-route': {
    service: { routes: [route('only', { path: '/only' })] },
    exchange: h2Sequence(h2Request({ ':path': '/x' }), h2Request({ ':path': '/only' })),
  },
  'fields-padded-and-prioritised': {
    exchange: inHttp2(async (wire) => {
      const block = encodeFields(h2Request({ ':method': 'POST' }))
      const payload = Buffer.concat([Buffer.of(7), uint32(0), Buffer.of(255), block, Buffer.alloc(7)])
      wire.frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.PADDED | FLAG.PRIORITY, 1, payload)
      wire.frame(FRAME.DATA, FLAG.PADDED, 1, Buffer.concat([Buffer.of(3), Buffer.from('one'), Buffer.alloc(3)]))
      wire.frame(FRAME.PRIORITY, 0, 1, Buffer.concat([uint32(0), Buffer.of(1)]))
      wire.frame(99, 0, 1, 'unknown frame types are ignored')
      wire.frame(FRAME.DATA, FLAG.END_STREAM, 1, '')
      await wire.untilDone(1)
    }),
  },
  'fields-in-continuations': {
    exchange: inHttp2(async (wire) => {
      const block = encodeFields(h2Request({}, [['x-long', 'v'.repeat(20_000)]]))
      wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, block.subarray(0, 1_000))
      wire.frame(FRAME.CONTINUATION, 0, 1, block.subarray(1_000, 16_000))
      wire.frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, block.subarray(16_000))
      await wire.untilDone(1)
    }),
  },
  'frames-in-pieces': {
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(PREFACE)
      const wire = new Http2Wire(tunnel, { role: 'client', greets: false })
      const block = encodeFields(h2Request())
      const frames = [
        encodeFrame(FRAME.SETTINGS, 0, 0),
        encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, block),
      ]
      for (const byte of Buffer.concat(frames)) {
        tunnel.write(Buffer.of(byte))
        await pause(1)
      }
      await wire.untilDone(1)
      await noteHttp2(actor, wire)
    },
  },
  'ping-and-settings-are-acknowledged': {
    exchange: inHttp2(async (wire, actor) => {
      wire.frame(FRAME.PING, 0, 0, '12345678')
      await wire.until(() => wire.pingsAcknowledged === 1 && wire.settingsAcknowledged)
      actor.note('acknowledged', [wire.pingsAcknowledged, wire.settingsAcknowledged])
      actor.note('settings', Object.fromEntries(wire.settings ?? []))
    }),
  },

  'pseudo-missing': {
    exchange: eachAlone(
      h2Request({ ':method': undefined }),
      h2Request({ ':path': undefined }),
      h2Request({ ':scheme': undefined }),
      h2Request({ ':authority': undefined }),
      h2Request({ ':authority': undefined }, [['host', 'from-host.test']]),
    ),
  },
  'pseudo-invalid': {
    exchange: eachAlone(
      h2Request({ ':path': '' }),
      h2Request({ ':path': 'relative' }),
      h2Request({ ':path': '*' }),
      h2Request({ ':path': '*', ':method': 'OPTIONS' }),
      h2Request({ ':path': '/a b' }),
      h2Request({ ':path': '/a\r\nx: y' }),
      h2Request({ ':path': '/a#b' }),
      h2Request({ ':scheme': 'ftp' }),
      h2Request({ ':scheme': 'HTTP' }),
    ),
  },
  'pseudo-method': {
    exchange: eachAlone(
      h2Request({ ':method': 'BREW' }),
      h2Request({ ':method': 'get' }),
      h2Request({ ':method': 'G T' }),
      h2Request({ ':method': '' }),
    ),
  },
  'pseudo-authority': {
    exchange: eachAlone(
      h2Request({ ':authority': '' }),
      h2Request({ ':authority': 'a b' }),
      h2Request({ ':authority': 'user@a' }),
      h2Request({ ':authority': 'a' }, [['host', 'b']]),
    ),
  },
  'pseudo-repeated-or-late': {
    exchange: eachAlone(
      h2Request({}, [[':path', '/again']]),
      [...h2Request({ ':path': undefined }), ['x-a', 'b'], [':path', '/late']],
      h2Request({}, [[':unknown', 'x']]),
      h2Request({}, [[':status', '200']]),
    ),
  },
  'field-names-invalid': {
    exchange: eachAlone(
      h2Request({}, [['X-Upper', '1']]),
      h2Request({}, [['x a', '1']]),
      h2Request({}, [['', '1']]),
      h2Request({}, [['x:a', '1']]),
      h2Request({}, [['x\0a', '1']]),
    ),
  },
  'field-values-invalid': {
    exchange: eachAlone(
      h2Request({}, [['x-a', 'a\r\nb: c']]),
      h2Request({}, [['x-a', 'a\0b']]),
      h2Request({}, [['x-a', 'a\nb']]),
      h2Request({}, [['x-a', ' padded ']]),
      h2Request({}, [['x-a', 'caf\xe9']]),
      h2Request({}, [['x-a', '']]),
    ),
  },
  'connection-specific-fields': {
    exchange: eachAlone(
      h2Request({}, [['connection', 'close']]),
      h2Request({}, [['keep-alive', 'x']]),
      h2Request({}, [['proxy-connection', 'x']]),
      h2Request({}, [['transfer-encoding', 'chunked']]),
      h2Request({}, [['upgrade', 'websocket']]),
      h2Request({}, [['te', 'gzip']]),
      h2Request({}, [['te', 'trailers']]),
    ),
  },
  'content-length-invalid': {
    exchange: eachAlone(
      h2Request({}, [['content-length', 'x']]),
      h2Request({}, [['content-length', '-1']]),
      h2Request({}, [
        ['content-length', '0'],
        ['content-length', '0'],
      ]),
      h2Request({}, [['content-length', '0']]),
    ),
  },
  'malformed-as-stream-error': {
    service: { hcm: { http2_protocol_options: { override_stream_error_on_invalid_http_message: true } } },
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({}, [['X-Upper', '1']]), true)
      await wire.untilDone(1)
      wire.headers(3, h2Request({}, [['connection', 'close']]), true)
      await wire.untilDone(3)
      wire.headers(5, h2Request(), true)
      await wire.untilDone(5)
    }),
  },
  'headers-too-many': {
    exchange: inHttp2(async (wire) => {
      wire.headers(
        1,
        h2Request(
          {},
          Array.from({ length: 120 }, (_, i) => [`x-${i}`, 'v'] as const),
        ),
        true,
      )
      await wire.untilDone(1)
      wire.headers(3, h2Request(), true)
      await wire.untilDone(3)
    }),
  },
  'underscores-rejected': {
    service: { hcm: { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } } },
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({}, [['x_a', '1']]), true)
      await wire.untilDone(1)
      wire.headers(3, h2Request(), true)
      await wire.untilDone(3)
    }),
  },
  'trailers-without-end': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.headers(1, [['x-t', '1']])
      await wire.untilDone(1, 1_000)
    }),
  },
  'trailers-with-pseudo': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.headers(1, [[':path', '/x']], true)
      await wire.untilDone(1, 1_000)
    }),
  },

  'frame-too-large': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.frame(FRAME.DATA, 0, 1, Buffer.alloc(16_385))
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'data-on-idle-stream': {
    exchange: inHttp2(async (wire) => {
      wire.data(3, 'x', true)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'data-on-stream-zero': {
    exchange: inHttp2(async (wire) => {
      wire.data(0, 'x')
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'even-stream-id': {
    exchange: inHttp2(async (wire) => {
      wire.headers(2, h2Request(), true)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'stream-id-going-back': {
    exchange: inHttp2(async (wire) => {
      wire.headers(5, h2Request(), true)
      await wire.untilDone(5)
      wire.headers(3, h2Request(), true)
      await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(3).done, 1_000)
    }),
  },
  'continuation-unexpected': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, encodeFields(h2Request()))
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'continuation-interrupted': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, encodeFields(h2Request()))
      wire.frame(FRAME.PING, 0, 0, '12345678')
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'hpack-broken': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, Buffer.from('ffffffffff', 'hex'))
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'settings-invalid': {
    exchange: async (actor) => {
      for (const entry of [setting(2, 2), setting(4, 2 ** 31), setting(5, 100), Buffer.alloc(5)]) {
        await inHttp2(async (wire) => {
          wire.frame(FRAME.SETTINGS, 0, 0, entry)
          await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
        })(actor)
      }
    },
  },
  'settings-on-a-stream': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.SETTINGS, 0, 1)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'push-promise-from-client': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.frame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, Buffer.concat([uint32(2), encodeFields(h2Request())]))
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'data-after-the-end': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'a', true)
      wire.data(1, 'b', true)
      await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(1).done, 1_000)
    }),
  },
  'headers-after-the-end': {
    pods: pod(() => mirror()),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }), true)
      wire.headers(1, [['x-t', '1']], true)
      await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(1).done, 1_000)
    }),
  },
  'reset-on-idle-stream': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.reset(3, 8)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'length-contradicted-by-trailers': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-length', '9']]))
      wire.data(1, 'abcde')
      wire.headers(1, [['x-t', '1']], true)
      await wire.untilDone(1, 1_000)
    }),
  },
  'length-contradicted-by-headers': {
    exchange: h2Sequence(h2Request({ ':method': 'POST' }, [['content-length', '9']])),
  },
  'malformed-beside-a-good-request': {
    pods: pod(() => async (tunnel) => {
      await tunnel.untilEnded(3_000)
    }),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.data(1, 'a')
      await pause(50)
      wire.headers(3, h2Request({}, [['X-Upper', '1']]), true)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'empty-frames-flood': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.headers(3, h2Request({ ':method': 'POST' }))
      for (let i = 0; i < 4; i++) wire.data(1, '')
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'priority-frames-flood': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      for (let i = 0; i < 400; i++) wire.frame(FRAME.PRIORITY, 0, 1, Buffer.concat([uint32(0), Buffer.of(1)]))
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'window-updates-flood': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      for (let i = 0; i < 100; i++) wire.windowUpdate(1, 1)
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'ended-within-a-header-block': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, encodeFields(h2Request()).subarray(0, 10))
      await pause(50)
      wire.tunnel.end()
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'trailers-malformed-as-stream-error': {
    service: { hcm: { http2_protocol_options: { override_stream_error_on_invalid_http_message: true } } },
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }, [['content-length', '9']]))
      wire.headers(1, [['x-t', '1']], true)
      await wire.untilDone(1, 1_000)
      wire.headers(3, h2Request({ ':method': 'POST' }))
      wire.windowUpdate(3, 0)
      await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(3).done, 1_000)
    }),
  },
  'ping-of-wrong-size': {
    exchange: inHttp2(async (wire) => {
      wire.frame(FRAME.PING, 0, 0, 'short')
      await wire.until(() => wire.tunnel.ending !== undefined, 2_000)
    }),
  },
  'window-update-zero': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'POST' }))
      wire.windowUpdate(1, 0)
      await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(1).done, 2_000)
    }),
  },
  'window-overflow': {
    exchange: async (actor) => {
      for (const stream of [0, 1]) {
        await inHttp2(async (wire) => {
          wire.headers(1, h2Request({ ':method': 'POST' }))
          wire.windowUpdate(stream, 0x7fffffff)
          wire.windowUpdate(stream, 0x7fffffff)
          await wire.until(() => wire.tunnel.ending !== undefined || wire.stream(1).done, 2_000)
        })(actor)
      }
    },
  },
  'preface-broken': {
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      const wire = new Http2Wire(tunnel, { role: 'client', greets: false })
      tunnel.write('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
      await wire.until(() => tunnel.ending !== undefined, 2_000)
      await noteHttp2(actor, wire)
    },
  },
  'settings-missing': {
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      const wire = new Http2Wire(tunnel, { role: 'client', greets: false })
      tunnel.write(PREFACE)
      tunnel.write(encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 1, encodeFields(h2Request())))
      await wire.until(() => tunnel.ending !== undefined, 2_000)
      await noteHttp2(actor, wire)
    },
  },

  'reset-by-client': {
    pods: pod(() => async (tunnel, recorder) => {
      await tunnel.until(() => tunnel.received.includes('\r\n\r\n'))
      recorder.note('request line', tunnel.received.toString('latin1').split('\r\n')[0])
      await tunnel.untilEnded(3_000)
      recorder.note('tunnel', tunnel.ending === undefined ? 'open' : 'ended')
      tunnel.end()
    }),
    exchange: inHttp2(async (wire, actor) => {
      wire.headers(1, h2Request({ ':path': '/reset' }), true)
      await actor.poll(() => actor.seenByPods() === 1)
      wire.reset(1, 8)
      await actor.poll(() => actor.seenByPods() === 2)
      wire.frame(FRAME.PING, 0, 0, '12345678')
      await wire.until(() => wire.pingsAcknowledged === 1)
    }),
  },
  'reset-by-pod': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() => http2((wire, stream) => wire.reset(stream.id, 2))),
    exchange: h2Sequence(h2Request()),
  },
  'reset-by-pod-after-headers': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() =>
      http2(async (wire, stream) => {
        wire.headers(stream.id, [[':status', '200']])
        wire.data(stream.id, 'part')
        await pause(20)
        wire.reset(stream.id, 2)
      }),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'refused-by-pod-is-retried': {
    service: toHttp2,
    pods: () => {
      let refused = 0
      return {
        a: {
          program: http2((wire, stream) => {
            if (refused++ === 0) wire.reset(stream.id, 7)
            else wire.headers(stream.id, [[':status', '200']], true)
          }),
        },
      }
    },
    exchange: h2Sequence(h2Request()),
  },
  'goaway-by-pod': {
    service: toHttp2,
    pods: () => {
      let served = 0
      return {
        a: {
          program: http2((wire, stream) => {
            wire.headers(
              stream.id,
              [
                [':status', '200'],
                ['x-served', String(++served)],
              ],
              true,
            )
            wire.frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(stream.id), uint32(0)]))
          }),
        },
      }
    },
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request(), true)
      await wire.untilDone(1)
      await pause(50)
      wire.headers(3, h2Request(), true)
      await wire.untilDone(3)
    }),
  },
  'malformed-from-pod': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() =>
      http2((wire, stream) =>
        wire.headers(
          stream.id,
          [
            [':status', '200'],
            ['X-Upper', '1'],
          ],
          true,
        ),
      ),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'pod-speaks-http1-instead': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() => echo()),
    exchange: h2Sequence(h2Request()),
  },
  'pod-goes-away-mid-body': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() =>
      http2(async (wire, stream) => {
        wire.headers(stream.id, [[':status', '200']])
        wire.data(stream.id, 'part')
        await pause(20)
        wire.tunnel.end()
      }),
    ),
    exchange: h2Sequence(h2Request()),
  },

  'flow-control-of-the-client-is-kept': {
    pods: pod(() => echo('f'.repeat(200_000))),
    exchange: inHttp2(
      async (wire, actor) => {
        wire.headers(1, h2Request(), true)
        await wire.until(() => wire.stream(1).body.length >= 1_000)
        await pause(50)
        wire.parse()
        actor.note('within the window', wire.stream(1).body.length)
        wire.windowUpdate(1, 300_000)
        wire.windowUpdate(0, 300_000)
        await wire.untilDone(1)
      },
      { settings: [[4, 1_000]], returnsCredit: false },
    ),
  },
  'upload-of-one-mebibyte': {
    service: toHttp2,
    pods: pod(() => http2Echo()),
    exchange: inHttp2(async (wire) => {
      await wire.until(() => wire.settings !== undefined && wire.settingsAcknowledged)
      wire.headers(1, h2Request({ ':method': 'POST' }))
      const window = (): number => (wire.settings?.get(4) ?? 0) + wire.stream(1).credit
      for (let i = 0; i < 64; i++) {
        await wire.until(() => window() >= (i + 1) * 16_384)
        wire.data(1, Buffer.alloc(16_384, i), i === 63)
      }
      await wire.untilDone(1)
    }),
  },

  'grpc-call': {
    service: toHttp2,
    pods: grpcPod('0'),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, grpcCall())
      wire.data(1, EMPTY_MESSAGE, true)
      await wire.untilDone(1)
    }),
  },
  'grpc-error-in-trailers': { service: toHttp2, pods: grpcPod('5', 'not%20here'), exchange: h2Sequence(grpcCall()) },
  'grpc-no-route': {
    service: { routes: [route('only', { path: '/only' })] },
    exchange: h2Sequence(grpcCall(), grpcCall('/only/x', [['content-type', 'application/grpc+json']])),
  },
  'grpc-direct-response': {
    service: { routes: [direct('unavailable', { prefix: '/' }, 503, 'try later: 100%')] },
    exchange: h2Sequence(grpcCall()),
  },
  'grpc-unavailable-is-retried': {
    service: toHttp2,
    pods: () => {
      let calls = 0
      return {
        a: {
          program: http2((wire, stream) => {
            const status = calls++ === 0 ? '14' : '0'
            wire.headers(
              stream.id,
              [
                [':status', '200'],
                ['content-type', 'application/grpc'],
                ['grpc-status', status],
              ],
              true,
            )
          }),
        },
      }
    },
    exchange: h2Sequence(grpcCall()),
  },
  'grpc-refused-pod': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() => mirror(), { reply: () => ({ status: 503 }) }),
    exchange: h2Sequence(grpcCall()),
  },
  'grpc-deadline': {
    service: { ...toHttp2, routes: [route('deadline', { prefix: '/' }, { max_grpc_timeout: '0s' })] },
    pods: pod(() => http2(() => undefined)),
    exchange: h2Sequence(grpcCall('/svc/slow', [['grpc-timeout', '150m']])),
  },
  'grpc-timeouts-parsed': {
    service: { ...toHttp2, routes: [route('deadline', { prefix: '/' }, { max_grpc_timeout: '0s' })] },
    pods: pod(() => http2Echo()),
    exchange: h2Sequence(
      ...['10S', '1H', '5000m', '99999999u', '0m', 'x', '123456789S', '5'].map((timeout) =>
        grpcCall('/s/m', [['grpc-timeout', timeout]]),
      ),
    ),
  },
  'grpc-from-http1-client': {
    service: { routes: [route('only', { path: '/only' })] },
    exchange: sequence(request('POST', '/svc/m', { 'content-type': 'application/grpc' }, 'x')),
  },

  'extended-connect-not-enabled': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, WEBSOCKET)
      await wire.untilDone(1, 1_000)
    }),
  },
  'extended-connect-to-http1-websocket': {
    service: { hcm: { http2_protocol_options: { allow_connect: true } } },
    pods: pod(() => async (tunnel, recorder) => {
      await tunnel.until(() => tunnel.received.includes('\r\n\r\n'))
      recorder.note('request', tunnel.received.toString('latin1').split('\r\n').sort())
      tunnel.write(
        'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nx-a: b\r\n\r\nhello',
      )
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('bye'))
      tunnel.end()
    }),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, WEBSOCKET)
      await wire.until(() => wire.stream(1).body.toString() === 'hello')
      wire.data(1, 'bye')
      await wire.untilDone(1, 1_000)
    }),
  },
  'extended-connect-answered-with-200-by-http1': {
    service: { hcm: { http2_protocol_options: { allow_connect: true } } },
    pods: pod(() => answers('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno')),
    exchange: inHttp2(async (wire) => {
      wire.headers(1, WEBSOCKET)
      await wire.untilDone(1, 1_000)
    }),
  },
  'extended-connect-to-http2-pod': {
    service: { ...upgradesToHttp2, hcm: { http2_protocol_options: { allow_connect: true } } },
    pods: websocketPod,
    exchange: inHttp2(async (wire) => {
      wire.headers(1, WEBSOCKET)
      await wire.until(() => wire.stream(1).body.toString() === 'hello')
      wire.data(1, 'bye', true)
      await wire.untilDone(1, 1_000)
    }),
  },
  'websocket-of-http1-to-http2-pod': {
    service: upgradesToHttp2,
    pods: websocketPod,
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/chat', { connection: 'upgrade', upgrade: 'websocket' }))
      await tunnel.until(() => tunnel.received.toString('latin1').endsWith('hello'))
      tunnel.write('bye')
      await tunnel.untilEnded(1_000)
      const { messages, rest } = answersOn(tunnel, ['GET'])
      actor.note('answers', messages.map(describeResponse))
      actor.note('bytes after', rest.toString('latin1'))
    },
  },
  'trailers-malformed-from-pod': {
    service: { ...toHttp2, routes: [REST] },
    pods: pod(() =>
      http2(async (wire, stream) => {
        wire.headers(stream.id, [[':status', '200']])
        wire.data(stream.id, 'part')
        await pause(20)
        wire.headers(stream.id, [['X-Upper', '1']], true)
      }),
    ),
    exchange: h2Sequence(h2Request()),
  },
  'extended-connect-refused': {
    service: { hcm: { http2_protocol_options: { allow_connect: true } } },
    exchange: inHttp2(async (wire) => {
      wire.headers(1, h2Request({ ':method': 'CONNECT', ':path': '/chat' }, []).toSpliced(4, 0, [':protocol', 'other']))
      await wire.untilDone(1, 1_000)
    }),
  },
  'extended-connect-without-connect': {
    service: { hcm: { http2_protocol_options: { allow_connect: true } } },
    exchange: h2Sequence(h2Request({ ':path': '/chat' }, []).toSpliced(4, 0, [':protocol', 'websocket'])),
  },
  'plain-connect-inside': {
    exchange: inHttp2(async (wire) => {
      wire.headers(1, [
        [':method', 'CONNECT'],
        [':authority', 'b.test:80'],
      ])
      await wire.untilDone(1, 1_000)
    }),
  },
})
