// Group `http1`: the syntax of HTTP/1 as the waypoint reads it, from clients and from pods, and how it frames messages.

import type { JsonObject, ServiceSpec } from '../case.ts'
import { get, oneByOne, pause, raw, request, sequence, untilAnswered, noteAnswers } from '../exchanges.ts'
import { answers, casesOf, echo, http1, onHeaders, pod, type AnswerStep } from '../pod-programs.ts'
import { direct, REST } from './routes.ts'

const withHcm = (hcm: JsonObject): ServiceSpec => ({ hcm })

/** A request with these lines after its Host line. */
const lines = (...fields: string[]): string =>
  `GET / HTTP/1.1\r\nhost: service.test\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`

const post = (...fields: string[]): string => lines(...fields).replace('GET', 'POST')

const chunked = (body: string, ...fields: string[]): string => post('transfer-encoding: chunked', ...fields) + body

const answering = (...steps: (AnswerStep | readonly AnswerStep[])[]): ReturnType<typeof pod> =>
  pod(() => answers(...steps))

const NO_RETRY: ServiceSpec = { routes: [REST] }

export const http1Cases = casesOf('http1', {
  'methods-known': {
    exchange: sequence(
      ...['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'].map((method) =>
        request(method, '/'),
      ),
    ),
  },
  'methods-unknown': {
    exchange: oneByOne(request('BREW', '/'), request('get', '/'), request('G@T', '/'), request('', '/')),
  },
  'method-query': {
    exchange: oneByOne(request('QUERY', '/', {}, 'x'), request('QUERY', '/', { 'content-type': 'text/plain' }, 'x')),
  },
  'request-line-spacing': {
    exchange: oneByOne(
      'GET  / HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET\t/ HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET / HTTP/1.1 \r\nhost: a\r\n\r\n',
      ' GET / HTTP/1.1\r\nhost: a\r\n\r\n',
      '\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n',
    ),
  },
  'request-line-broken': {
    exchange: oneByOne(
      'GET /\r\nhost: a\r\n\r\n',
      'GET HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET / x HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET / HTTP/x.y\r\nhost: a\r\n\r\n',
      'garbage\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
    ),
  },
  'request-line-other-versions': {
    exchange: oneByOne(
      'GET / HTTP/1.2\r\nhost: a\r\n\r\n',
      'GET / HTTP/2.0\r\nhost: a\r\n\r\n',
      'GET / http/1.1\r\nhost: a\r\n\r\n',
      'GET / HTTP/1.10\r\nhost: a\r\n\r\n',
    ),
  },
  'version-1-0-refused': {
    exchange: oneByOne(
      'GET / HTTP/1.0\r\nhost: a\r\n\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'GET / HTTP/0.9\r\nhost: a\r\n\r\n',
    ),
  },
  'version-1-0-accepted': {
    service: withHcm({ http_protocol_options: { accept_http_10: true, default_host_for_http_10: 'default.test' } }),
    pods: answering(
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ),
    exchange: oneByOne(
      'GET /1 HTTP/1.0\r\n\r\n',
      'GET /2 HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n',
      'GET /3 HTTP/1.0\r\nhost: a\r\n\r\n',
    ),
  },
  'version-1-0-kept-alive': {
    service: withHcm({ http_protocol_options: { accept_http_10: true } }),
    exchange: sequence(
      'GET /1 HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n',
      'GET /2 HTTP/1.0\r\nhost: a\r\nconnection: Keep-Alive\r\n\r\n',
      'GET /3 HTTP/1.0\r\nhost: a\r\n\r\n',
    ),
  },
  /** Everything in the syntax of requests that Cairn refuses and Envoy does not. */
  'requests-that-envoy-forgives': {
    exchange: oneByOne(
      'GET / HTTP/1.1\nhost: a\n\n',
      'GET / HTTP/1.1\r\nhost: a\nx-a: b\r\n\r\n',
      chunked('3 3\r\nabc\r\n0\r\n\r\n'),
      post('transfer-encoding:', ' chunked') + '0\r\n\r\n',
      post('content-length:', ' 3') + 'abc',
      'GET / HTTP/1.1\r\nhost:\r\n a\r\n\r\n',
      lines('host: other.test'),
      get('/', { host: 'user@a' }),
    ),
  },
  'targets-absolute': {
    exchange: oneByOne(
      'GET http://b.test HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET http://b.test?x=1 HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET http://b.test:81/p HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET ftp://b.test/ HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET http:///p HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET http://user@b.test/ HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET http://b.test/ HTTP/1.1\r\n\r\n',
    ),
  },
  'target-asterisk': {
    exchange: oneByOne('OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', 'GET * HTTP/1.1\r\nhost: a\r\n\r\n'),
  },
  'target-bytes': {
    exchange: oneByOne(
      'GET /a\x01b HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET /a\x7fb HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET /caf\xc3\xa9 HTTP/1.1\r\nhost: a\r\n\r\n',
      'GET /a[b]{c}|d HTTP/1.1\r\nhost: a\r\n\r\n',
    ),
  },
  'host-missing-or-empty': {
    exchange: oneByOne('GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nx: y\r\n\r\n', 'GET / HTTP/1.1\r\nhost:\r\n\r\n'),
  },
  'host-invalid': {
    exchange: oneByOne(
      get('/', { host: 'a b' }),
      get('/', { host: 'a/b' }),
      get('/', { host: 'a\\b' }),
      get('/', { host: 'a,b' }),
      get('/', { host: 'a:99999' }),
      get('/', { host: 'a_b' }),
      get('/', { host: '[::1' }),
    ),
  },
  'host-named-by-connection': { exchange: oneByOne(lines('connection: host'), lines('connection: :authority')) },
  'connection-names-forwarded-headers': {
    exchange: oneByOne(
      lines('connection: x-forwarded-for', 'x-forwarded-for: 1.1.1.1'),
      lines('connection: x-forwarded-proto'),
      lines(`connection: ${Array.from({ length: 11 }, (_, i) => `x-${i}`).join(', ')}`),
      lines('connection: close, x-hop', 'x-hop: 1'),
      lines('connection:'),
    ),
  },

  'field-names-invalid': {
    exchange: oneByOne(
      lines('x y: 1'),
      lines('x-a : 1'),
      lines(': 1'),
      lines('x(a): 1'),
      lines('x\x00a: 1'),
      lines('no-colon'),
      lines('x@a: 1'),
    ),
  },
  'field-values-invalid': {
    exchange: oneByOne(
      lines('x-a: a\x00b'),
      lines('x-a: a\x01b'),
      lines('x-a: a\x7fb'),
      lines('x-a: caf\xe9'),
      lines('x-a: a\tb'),
    ),
  },
  'field-values-spacing': {
    exchange: sequence(lines('x-a:no-space', 'x-b: \t both \t ', 'x-c:', 'x-d:   ', 'x-e: in  side')),
  },
  'field-folding': {
    exchange: oneByOne(
      lines('x-a: one', ' two'),
      lines('x-a: one', '\ttwo', 'x-b: 3'),
      'GET / HTTP/1.1\r\n host: a\r\n\r\n',
    ),
  },
  'split-at-every-byte': {
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      for (const byte of request('POST', '/split?x', { 'x-a': 'b' }, 'body')) {
        tunnel.write(byte)
        await pause(1)
      }
      await untilAnswered(tunnel, ['POST'], 1)
      await noteAnswers(actor, tunnel, ['POST'])
    },
  },
  'headers-too-large': {
    exchange: oneByOne(
      lines(`x-a: ${'a'.repeat(59_000)}`),
      lines(`x-a: ${'a'.repeat(62_000)}`),
      lines(`x-a: ${'a'.repeat(70_000)}`),
      `GET /${'p'.repeat(62_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    ),
  },
  'headers-limit-configured': {
    service: withHcm({ max_request_headers_kb: 1 }),
    exchange: oneByOne(lines(`x-a: ${'a'.repeat(800)}`), lines(`x-a: ${'a'.repeat(1_100)}`)),
  },
  'headers-too-many': {
    exchange: oneByOne(
      lines(...Array.from({ length: 99 }, (_, i) => `x-${i}: v`)),
      lines(...Array.from({ length: 100 }, (_, i) => `x-${i}: v`)),
    ),
  },
  'headers-count-configured': {
    service: withHcm({ common_http_protocol_options: { max_headers_count: 5 } }),
    exchange: oneByOne(lines('a: 1', 'b: 2', 'c: 3', 'd: 4'), lines('a: 1', 'b: 2', 'c: 3', 'd: 4', 'e: 5')),
  },

  'length-valid': {
    exchange: sequence(
      post('content-length: 3') + 'abc',
      post('content-length: 03') + 'abc',
      post('content-length: 0'),
      post(),
    ),
  },
  'length-invalid': {
    exchange: oneByOne(
      ...['-1', '+3', '0x3', '3 3', 'three', '', '1e1', '99999999999999999999', '3;x'].map(
        (length) => post(`content-length: ${length}`) + 'abc',
      ),
    ),
  },
  'length-repeated': {
    exchange: oneByOne(
      post('content-length: 3', 'content-length: 3') + 'abc',
      post('content-length: 3', 'content-length: 4') + 'abc',
      post('content-length: 3, 3') + 'abc',
      post('content-length: 3, 4') + 'abc',
    ),
  },
  'length-and-chunked': {
    exchange: oneByOne(
      post('content-length: 3', 'transfer-encoding: chunked') + '3\r\nabc\r\n0\r\n\r\n',
      post('transfer-encoding: chunked', 'content-length: 3') + '3\r\nabc\r\n0\r\n\r\n',
    ),
  },
  'length-and-chunked-allowed': {
    service: withHcm({ http_protocol_options: { allow_chunked_length: true } }),
    exchange: sequence(
      post('content-length: 3', 'transfer-encoding: chunked') + '4\r\nabcd\r\n0\r\n\r\n',
      get('/next'),
    ),
  },
  'coding-not-chunked': {
    exchange: oneByOne(
      ...[
        'gzip',
        'identity',
        'gzip, chunked',
        'chunked, gzip',
        'chunked, chunked',
        'xchunked',
        ' chunked',
        'CHUNKED',
        '',
        '"chunked"',
      ].map((coding) => post(`transfer-encoding: ${coding}`) + '0\r\n\r\n'),
    ),
  },
  'coding-repeated': {
    exchange: oneByOne(
      post('transfer-encoding: chunked', 'transfer-encoding: chunked') + '0\r\n\r\n',
      post('transfer-encoding: chunked', 'transfer-encoding: identity') + '0\r\n\r\n',
    ),
  },
  'body-of-a-get': { exchange: sequence(lines('content-length: 4') + 'body', get('/next')) },

  'chunked-request': {
    exchange: sequence(
      chunked('3\r\nabc\r\n0\r\n\r\n'),
      chunked('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'),
      chunked('0\r\n\r\n'),
      chunked('0003\r\nabc\r\n000\r\n\r\n'),
      chunked(`A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n`),
    ),
  },
  'chunk-extensions': {
    exchange: sequence(
      chunked('3;name=value\r\nabc\r\n0;last\r\n\r\n'),
      chunked('3 ;a\r\nabc\r\n0\r\n\r\n'),
      chunked('3;a="q;\\"x"\r\nabc\r\n0\r\n\r\n'),
    ),
  },
  'chunk-size-invalid': {
    exchange: oneByOne(
      ...['g', '-3', '0x3', '', ' 3', 'fffffffffffffffff', '+3'].map((size) => chunked(`${size}\r\nabc\r\n0\r\n\r\n`)),
    ),
  },
  'chunk-trailers-dropped': {
    exchange: sequence(chunked('3\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n', 'trailer: x-trailer'), get('/next')),
  },
  'chunk-trailers-forwarded': {
    service: {
      hcm: { http_protocol_options: { enable_trailers: true } },
      clusters: {
        backend: {
          pods: ['a'],
          extra: {
            typed_extension_protocol_options: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                explicit_http_config: { http_protocol_options: { enable_trailers: true } },
              },
            },
          },
        },
      },
    },
    pods: pod(() =>
      http1(() => ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-answer: 1\r\n\r\n']),
    ),
    exchange: sequence(chunked('3\r\nabc\r\n0\r\nX-Trailer: 1\r\nx-second: 2\r\n\r\n'), get('/next')),
  },
  'chunk-trailers-invalid': {
    exchange: oneByOne(chunked('0\r\nbad name: 1\r\n\r\n'), chunked('0\r\nno-colon\r\n\r\n')),
  },
  'chunked-in-pieces': {
    exchange: raw(['POST'], [chunked(''), '3', '\r\nab', 'c\r', '\n0\r\n', '\r\n']),
  },

  pipelining: { exchange: raw(['GET', 'POST', 'GET'], [get('/1') + request('POST', '/2', {}, 'two') + get('/3')]) },
  'pipelining-after-an-error': { exchange: raw(['GET', 'GET'], [get('/1') + 'BAD\r\n\r\n' + get('/3')]) },
  'pipelined-direct-responses': {
    service: { routes: [direct('direct', { prefix: '/' }, 200, 'ok')] },
    exchange: raw(['GET', 'GET'], [get('/1') + get('/2')]),
  },
  'body-then-next-request': { exchange: raw(['POST', 'GET'], [post('content-length: 4') + 'bo', 'dy' + get('/next')]) },
  'connect-inside': {
    exchange: oneByOne(
      'CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\n\r\n',
      'CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\ncontent-length: 3\r\n\r\nabc',
      'CONNECT b.test:80 HTTP/1.1\r\nhost: b.test:80\r\ntransfer-encoding: chunked\r\n\r\n',
      'CONNECT / HTTP/1.1\r\nhost: b.test:80\r\n\r\n',
    ),
  },
  'upgrade-h2c-is-ignored': {
    exchange: sequence(
      get('/', { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' }),
      get('/next'),
    ),
  },

  'response-chunked': {
    pods: answering(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;ext\r\nhello\r\n0\r\nx-t: 1\r\n\r\n',
    ),
    exchange: sequence(get('/1'), get('/2')),
  },
  'response-until-the-end': {
    pods: answering(['HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\nuntil ', { waitMs: 20 }, 'the end', 'end']),
    exchange: sequence(get('/1'), get('/2')),
  },
  'response-of-an-old-server': {
    pods: answering(
      ['HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold', 'end'],
      ['HTTP/1.0 200 OK\r\n\r\nolder', 'end'],
    ),
    exchange: sequence(get('/1'), get('/2')),
  },
  'response-malformed': {
    service: NO_RETRY,
    pods: answering(
      'garbage\r\n\r\n',
      'HTTP/1.1 abc OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n',
      'HTTP/1.1 200 OK\r\nx: a\x00b\r\n\r\n',
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'response-length-invalid': {
    service: NO_RETRY,
    pods: answering(
      'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n',
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3'), get('/4')),
  },
  'response-chunk-invalid': {
    service: NO_RETRY,
    pods: answering('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
    exchange: sequence(get('/1')),
  },
  'response-longer-than-declared': {
    pods: answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'),
    exchange: sequence(get('/1'), get('/2')),
  },
  'response-nobody-asked-for': {
    pods: answering([
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      { waitMs: 40 },
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil',
    ]),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(get('/1'))
      await untilAnswered(tunnel, ['GET'], 1)
      await pause(100)
      tunnel.write(get('/2'))
      await untilAnswered(tunnel, ['GET', 'GET'], 2)
      await noteAnswers(actor, tunnel, ['GET', 'GET'])
    },
  },
  'response-body-without-right': {
    service: NO_RETRY,
    pods: answering(
      'HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nevil',
      'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    ),
    exchange: sequence(get('/1'), get('/2'), get('/3')),
  },
  'response-headers-too-large': {
    service: NO_RETRY,
    pods: answering(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(90_000)}\r\ncontent-length: 0\r\n\r\n`),
    exchange: sequence(get('/')),
  },
  'response-headers-too-many': {
    service: NO_RETRY,
    pods: answering(
      `HTTP/1.1 200 OK\r\n${Array.from({ length: 120 }, (_, i) => `x-${i}: v\r\n`).join('')}content-length: 0\r\n\r\n`,
    ),
    exchange: sequence(get('/')),
  },
  'response-interim-only': {
    service: NO_RETRY,
    pods: answering(['HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n', { waitMs: 20 }, 'end']),
    exchange: sequence(get('/')),
  },
  'response-status-high': {
    pods: answering(
      'HTTP/1.1 600 High\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 999 Highest\r\ncontent-length: 0\r\n\r\n',
    ),
    exchange: sequence(get('/1'), get('/2')),
  },
  /** Everything in the syntax of responses that Cairn refuses and Envoy does not. */
  'responses-that-envoy-forgives': {
    service: NO_RETRY,
    pods: answering(
      'HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 1000 Long\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ),
    exchange: oneByOne(get('/1'), get('/2'), get('/3')),
  },
  'big-bodies': {
    pods: pod(() => echo('z'.repeat(300_000))),
    exchange: sequence(request('POST', '/', {}, 'q'.repeat(1 << 20)), get('/next')),
  },
  'client-ends-early': {
    pods: pod(() => onHeaders({ waitMs: 60 }, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
    exchange: async (actor) => {
      const { tunnel } = await actor.open()
      tunnel.write(post('content-length: 10') + 'half')
      await actor.poll(() => actor.seenByPods() > 0)
      tunnel.end()
      await tunnel.untilEnded(2_000)
      await noteAnswers(actor, tunnel, ['POST'])
    },
  },
})
