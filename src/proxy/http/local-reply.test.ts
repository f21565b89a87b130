import { describe, expect, test } from '@jest/globals'
import type { JsonObject } from '@bufbuild/protobuf'
import { ManagedConnection } from '../../../test/support/connection-managers.ts'

const codeIs = (code: number): JsonObject => ({
  statusCodeFilter: { comparison: { op: 'EQ', value: { defaultValue: code, runtimeKey: 'key' } } },
})

const header = (key: string, value: string): JsonObject => ({ header: { key, value } })

/** Status line, then the other lines but the server's, of a request that no route takes. */
function answered(localReplyConfig: JsonObject, ...lines: string[]): string[] {
  const routes = [{ match: { path: '/known' }, directResponse: { status: 200 } }]
  const connection = new ManagedConnection({ routes, hcm: { localReplyConfig } })
  return connection
    .get('/', ...lines)
    .split('\r\n')
    .filter((line) => line !== '' && !line.startsWith('server: '))
}

describe('local_reply_config', () => {
  test('changes the status, the headers and the body of replies that a mapper is for', () => {
    const mapper = {
      filter: codeIs(404),
      statusCode: 410,
      body: { inlineString: 'gone' },
      headersToAdd: [header('x-was', '%RESPONSE_CODE%')],
    }
    expect(answered({ mappers: [{ ...mapper, filter: codeIs(503), statusCode: 500 }, mapper] })).toEqual([
      'HTTP/1.1 410 Gone',
      'x-was: 404',
      'content-length: 4',
      'content-type: text/plain',
      'gone',
    ])
  })

  test('stops at the first mapper', () => {
    const mappers = [
      { filter: codeIs(404), statusCode: 410 },
      { filter: codeIs(410), statusCode: 500 },
    ]
    expect(answered({ mappers })).toEqual(['HTTP/1.1 410 Gone', 'content-length: 0'])
  })

  test('formats every body, with the type of the format', () => {
    const bodyFormat = { jsonFormat: { code: '%RESPONSE_CODE%', body: '%LOCAL_REPLY_BODY%' } }
    const mappers = [{ filter: codeIs(404), statusCode: 410, body: { inlineString: 'gone' } }]
    expect(answered({ mappers, bodyFormat }).slice(1)).toEqual([
      'content-length: 27',
      'content-type: application/json',
      '{"body":"gone","code":410}\n',
    ])
    expect(answered({ bodyFormat: { textFormatSource: { inlineString: '%PROTOCOL%!' } } }).slice(1)).toEqual([
      'content-length: 9',
      'content-type: text/plain',
      'HTTP/1.1!',
    ])
  })

  test('prefers the format of the mapper, and the type that its headers say', () => {
    const mappers = [
      {
        filter: codeIs(404),
        headersToAdd: [header('content-type', 'text/x')],
        bodyFormatOverride: { textFormatSource: { inlineString: 'own' }, contentType: 'text/y' },
      },
    ]
    const bodyFormat = { textFormatSource: { inlineString: 'other' } }
    expect(answered({ mappers, bodyFormat })).toEqual([
      'HTTP/1.1 404 Not Found',
      'content-type: text/x',
      'content-length: 3',
      'own',
    ])
  })

  test('is what gRPC clients are told', () => {
    const mappers = [{ filter: codeIs(404), statusCode: 429, body: { inlineString: 'too many' } }]
    expect(answered({ mappers }, 'content-type: application/grpc').slice(0, 4)).toEqual([
      'HTTP/1.1 200 OK',
      'content-type: application/grpc',
      'grpc-status: 14',
      'grpc-message: too many',
    ])
  })

  test('is logged as it went out', () => {
    const routes: JsonObject[] = []
    const mappers = [{ filter: codeIs(404), statusCode: 410 }]
    const connection = new ManagedConnection({ routes, hcm: { localReplyConfig: { mappers } } })
    connection.get()
    expect(connection.logged.map((info) => [info.responseCode, info.responseCodeDetails])).toEqual([
      [410, 'route_not_found'],
    ])
  })
})
