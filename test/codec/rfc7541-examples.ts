// The examples of RFC 7541 Appendix C.2 to C.6, for tests: blocks, what they decode to, and the table's size afterwards.

interface Example {
  readonly hex: string
  /** `name: value` */
  readonly fields: readonly string[]
  readonly tableSizeAfter: number
}

const GET_FIELDS = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
const GET_NO_CACHE_FIELDS = [...GET_FIELDS, 'cache-control: no-cache']
const GET_CUSTOM_FIELDS = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
]
const FOUND_FIELDS = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
]
const REDIRECT_FIELDS = [':status: 307', ...FOUND_FIELDS.slice(1)]
const OK_FIELDS = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
]

/** C.3 */
export const REQUESTS_PLAIN: readonly Example[] = [
  { hex: '828684410f7777772e6578616d706c652e636f6d', fields: GET_FIELDS, tableSizeAfter: 57 },
  { hex: '828684be58086e6f2d6361636865', fields: GET_NO_CACHE_FIELDS, tableSizeAfter: 110 },
  {
    hex: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
    fields: GET_CUSTOM_FIELDS,
    tableSizeAfter: 164,
  },
]

/** C.4 */
export const REQUESTS_HUFFMAN: readonly Example[] = [
  { hex: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: GET_FIELDS, tableSizeAfter: 57 },
  { hex: '828684be5886a8eb10649cbf', fields: GET_NO_CACHE_FIELDS, tableSizeAfter: 110 },
  { hex: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: GET_CUSTOM_FIELDS, tableSizeAfter: 164 },
]

/** C.5, with a table of 256 octets. */
export const RESPONSES_PLAIN: readonly Example[] = [
  {
    hex:
      '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
      '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
    fields: FOUND_FIELDS,
    tableSizeAfter: 222,
  },
  { hex: '4803333037c1c0bf', fields: REDIRECT_FIELDS, tableSizeAfter: 222 },
  {
    hex:
      '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a58' +
      '4f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
    fields: OK_FIELDS,
    tableSizeAfter: 215,
  },
]

/** C.6, with a table of 256 octets. */
export const RESPONSES_HUFFMAN: readonly Example[] = [
  {
    hex:
      '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff' +
      '6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    fields: FOUND_FIELDS,
    tableSizeAfter: 222,
  },
  { hex: '4883640effc1c0bf', fields: REDIRECT_FIELDS, tableSizeAfter: 222 },
  {
    hex:
      '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672' +
      'c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    fields: OK_FIELDS,
    tableSizeAfter: 215,
  },
]

const SINGLE_FIELDS: readonly Example[] = [
  {
    hex: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
    fields: ['custom-key: custom-header'],
    tableSizeAfter: 55,
  },
  { hex: '040c2f73616d706c652f70617468', fields: [':path: /sample/path'], tableSizeAfter: 55 },
  { hex: '100870617373776f726406736563726574', fields: ['password: secret'], tableSizeAfter: 55 },
  { hex: '82', fields: [':method: GET'], tableSizeAfter: 55 },
]

export const APPENDIX_C = [
  { name: 'C.2', tableSize: 4096, blocks: SINGLE_FIELDS },
  { name: 'C.3', tableSize: 4096, blocks: REQUESTS_PLAIN },
  { name: 'C.4', tableSize: 4096, blocks: REQUESTS_HUFFMAN },
  { name: 'C.5', tableSize: 256, blocks: RESPONSES_PLAIN },
  { name: 'C.6', tableSize: 256, blocks: RESPONSES_HUFFMAN },
]
