import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  bytesOf,
  ClientRig,
  fieldsText,
  requestHeaders,
  responseHeaders,
  ServerRig,
} from '../../../test/support/http1-rigs.ts'
import { HeaderMap } from '../header-map.ts'

const SEED = 20_260_801
const settings = (numRuns: number): fc.Parameters<unknown> => ({ seed: SEED, numRuns })

const letters = (alphabet: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...bytesOf(alphabet)), { minLength, maxLength }).map((characters) => characters.join(''))

/** Names that mean nothing to the codec. */
const name = letters("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~", 1, 12).map((text) => `x-${text}`)
const value = letters(' \tabcXYZ0123456789:;,="\\\xe9\xff', 0, 30).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
const fields = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((list) => list.flat())
const body = fc.array(letters('abc\r\n0;\0', 1, 40), { maxLength: 5 })
const withLength = fc.boolean()
const trailers = fc.option(
  fields.filter((list) => list.length > 0),
  { nil: undefined },
)
const path = letters('abc/?&=%20.;', 0, 20).map((text) => `/${text}`)

interface Message {
  fields: string[]
  body: string[]
  withLength: boolean
  trailers: string[] | undefined
}

const message = fc.record({ fields, body, withLength, trailers })

/** The encoder's calls that send `sent` behind its head. */
function sendBody(
  encoder: { sendData(chunk: Buffer, endStream: boolean): boolean; sendTrailers(trailers: HeaderMap): void },
  sent: Message,
): void {
  sent.body.forEach((chunk, i) =>
    encoder.sendData(Buffer.from(chunk, 'latin1'), !hasTrailers(sent) && i === sent.body.length - 1),
  )
  if (hasTrailers(sent)) encoder.sendTrailers(new HeaderMap(sent.trailers))
}

function hasTrailers(sent: Message): boolean {
  return sent.trailers !== undefined && sent.body.length > 0
}

function lengthFields(sent: Message): string[] {
  return sent.withLength && sent.body.length > 0 ? ['content-length', String(sent.body.join('').length)] : []
}

/** The events with which `sent` should arrive behind its head. */
function bodyEvents(sent: Message): string[] {
  const events: string[] = []
  const text = sent.body.join('')
  if (text !== '') events.push(`data ${JSON.stringify(text)}`)
  if (hasTrailers(sent) && !sent.withLength) events.push(`trailers {${fieldsText(new HeaderMap(sent.trailers))}}`)
  events.push('end')
  return events
}

/** Cuts `text` at pseudo-random places that `cuts` gives. */
function cut(text: string, cuts: readonly number[]): string[] {
  const parts: string[] = []
  let rest = text
  for (const size of cuts) {
    if (rest === '') break
    parts.push(rest.slice(0, size))
    rest = rest.slice(size)
  }
  return rest === '' ? parts : [...parts, rest]
}

const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 })

test('what a client sends, a server receives, and its answer comes back, message after message', () => {
  const exchange = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    path,
    request: message,
    response: message,
  })
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 3 }), cuts, (exchanges, places) => {
      const client = new ClientRig({ enableTrailers: true })
      const server = new ServerRig({ enableTrailers: true })
      for (const { method, path, request, response } of exchanges) {
        const before = server.log.events.length
        const clientBefore = client.log.events.length
        server.respond = (encoder) => {
          encoder.sendHeaders(
            responseHeaders(200, ...response.fields, ...lengthFields(response)),
            response.body.length === 0,
          )
          if (response.body.length > 0) sendBody(encoder, response)
        }
        const sent = requestHeaders(method, path, 'host:80', ...request.fields, ...lengthFields(request))
        const encoder = client.request(sent, request.body.length === 0)
        if (request.body.length > 0) sendBody(encoder, request)
        for (const part of cut(client.takeOutput(), places)) server.feed(part)
        for (const part of cut(server.takeOutput(), places)) client.feed(part)

        const framing = (kind: Message, emptyLength: string): string[] => {
          if (kind.body.length === 0) return emptyLength === '' ? [] : [emptyLength]
          return kind.withLength ? [] : ['transfer-encoding: chunked']
        }
        const text = (list: readonly string[], extra: readonly string[]): string =>
          [fieldsText(new HeaderMap([...list])), ...extra].filter((part) => part !== '').join(', ')
        const emptyRequest = method === 'POST' || method === 'PUT' ? 'content-length: 0' : ''
        expect(server.log.events.slice(before)).toEqual([
          `${method} ${path} host:80 {${text(sent.fields, framing(request, emptyRequest))}}`,
          ...bodyEvents(request),
        ])
        expect(client.log.events.slice(clientBefore)).toEqual([
          `200 {${text([...response.fields, ...lengthFields(response)], framing(response, 'content-length: 0'))}}`,
          ...(response.body.length === 0 ? ['end'] : bodyEvents(response)),
          'capacity',
        ])
      }
    }),
    settings(400),
  )
})

const FRAGMENTS = [
  'GET / HTTP/1.1\r\n', 'POST /a HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.0 204 x\r\n',
  'Host: a\r\n', 'Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n', 'Connection: te, host\r\n', 'TE: trailers\r\n', 'CONNECT b:1 HTTP/1.1\r\n', '\r\n', '\n', '\r', '5\r\nhello\r\n',
  '0\r\n\r\n', '0\r\n', '3;x=y\r\nabc\r\n', 'hello', ': ', ' ', '\t', '\0', '\xff', ',', ';', 'x: y\r\n', ' folded\r\n', 'ffffffffffffffff\r\n',
] // prettier-ignore

const soup = fc.array(
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...FRAGMENTS) }, letters('\0\t\r\n :;/AZaz09\x7f\xff', 1, 8)),
  {
    maxLength: 30,
  },
)

describe('whatever comes', () => {
  test('a server gives the same events for every split, or an error, and never throws', () => {
    fc.assert(
      fc.property(soup, cuts, (pieces, places) => {
        const text = pieces.join('')
        const [whole, parted, bytes] = [[text], cut(text, places), bytesOf(text)].map((parts) => {
          const rig = new ServerRig({ maxOutboundResponses: Infinity, maxHeaderBytes: 120, maxHeaderCount: 5 })
          for (const part of parts) rig.feed(part)
          rig.codec.inputEnded()
          rig.runQueue()
          return [...rig.log.events, ...rig.control]
        })
        expect(parted).toEqual(whole)
        expect(bytes).toEqual(whole)
      }),
      settings(4000),
    )
  })

  test('a client gives the same events for every split, or an error, and never throws', () => {
    const method = fc.constantFrom('GET', 'HEAD', 'CONNECT')
    fc.assert(
      fc.property(soup, cuts, method, (pieces, places, method) => {
        const text = 'HTTP/1.1 ' + pieces.join('')
        const [whole, parted, bytes] = [[text], cut(text, places), bytesOf(text)].map((parts) => {
          const rig = new ClientRig({ maxHeaderBytes: 120, maxHeaderCount: 5 })
          rig.request(requestHeaders(method, '/', 'a:1'), method !== 'CONNECT')
          for (const part of parts) rig.feed(part)
          rig.codec.inputEnded()
          rig.runQueue()
          return [...rig.log.events.filter((event) => event !== 'capacity'), ...rig.control]
        })
        expect(bytes).toEqual(parted)
        // Bytes behind a response are an error at once when they came with it, and on the idle connection otherwise.
        const essence = (events: readonly string[]): string[] => events.filter((event) => event !== 'goaway')
        expect(essence(parted)).toEqual(essence(whole))
      }),
      settings(4000),
    )
  })

  test('memory is bounded: no more is kept than the limits allow', () => {
    const rig = new ServerRig({ maxHeaderBytes: 1000, maxPipelinedBytes: 1000 })
    rig.respond = () => undefined
    rig.feed('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    for (let i = 0; i < 2000 && rig.control.length === 0; i++) rig.feed('x')
    expect(rig.control).toEqual(['readable false'])
    const slow = new ServerRig({ maxHeaderBytes: 1000 })
    let fed = 0
    while (slow.log.events.length === 0 && fed < 2000) {
      slow.feed('x')
      fed++
    }
    expect(fed).toBe(1001)
  })
})
