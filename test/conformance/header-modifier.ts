// The rules and requests that two tests share: the same header modifier on a rule, and on its backend.

import { get, type MeshRequest, prefix, v1 } from './conformance-case.ts'

type Header = readonly [name: string, value: string]

interface Modifier {
  readonly set?: readonly Header[]
  readonly add?: readonly Header[]
  readonly remove?: readonly string[]
}

const modifiers: Readonly<Record<string, Modifier>> = {
  '/set': { set: [['X-Header-Set', 'set-overwrites-values']] },
  '/add': { add: [['X-Header-Add', 'add-appends-values']] },
  '/remove': { remove: ['X-Header-Remove'] },
  '/multiple': {
    set: [
      ['X-Header-Set-1', 'header-set-1'],
      ['X-Header-Set-2', 'header-set-2'],
    ],
    add: [
      ['X-Header-Add-1', 'header-add-1'],
      ['X-Header-Add-2', 'header-add-2'],
      ['X-Header-Add-3', 'header-add-3'],
    ],
    remove: ['X-Header-Remove-1', 'X-Header-Remove-2'],
  },
  '/case-insensitivity': {
    set: [['X-Header-Set', 'header-set']],
    add: [['X-Header-Add', 'header-add']],
    remove: ['X-Header-Remove'],
  },
}

export function headerModifierRules(place: 'rule' | 'backend'): object[] {
  return Object.entries(modifiers).map(([path, modifier]) => {
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: filterOf(modifier) }]
    const matches = [prefix(path)]
    if (place === 'rule') return { matches, filters, backendRefs: [v1] }
    return { matches, backendRefs: [{ ...v1, filters }] }
  })
}

function filterOf({ set, add, remove }: Modifier): object {
  const named = (headers: readonly Header[] | undefined) => headers?.map(([name, value]) => ({ name, value }))
  return {
    ...(set === undefined ? {} : { set: named(set) }),
    ...(add === undefined ? {} : { add: named(add) }),
    ...(remove === undefined ? {} : { remove }),
  }
}

const backend = 'echo-v1'

export const headerModifierRequests: readonly MeshRequest[] = [
  get(
    '/set',
    { backend, headers: { 'X-Header-Set': 'set-overwrites-values', 'Some-Other-Header': 'val' } },
    { 'Some-Other-Header': 'val' },
  ),
  get(
    '/set',
    { backend, headers: { 'X-Header-Set': 'set-overwrites-values', 'Some-Other-Header': 'val' } },
    { 'Some-Other-Header': 'val', 'X-Header-Set': 'some-other-value' },
  ),
  get('/add', { backend, headers: { 'X-Header-Add': 'add-appends-values' } }),
  get(
    '/add',
    { backend, headers: { 'X-Header-Add': 'some-other-value,add-appends-values' } },
    { 'X-Header-Add': 'some-other-value' },
  ),
  get('/remove', { backend, absentHeaders: ['X-Header-Remove'] }, { 'X-Header-Remove': 'val' }),
  get(
    '/multiple',
    {
      backend,
      headers: {
        'X-Header-Set-1': 'header-set-1',
        'X-Header-Set-2': 'header-set-2',
        'X-Header-Add-1': 'header-add-1',
        'X-Header-Add-2': 'add-val-2,header-add-2',
        'X-Header-Add-3': 'header-add-3',
        'Another-Header': 'another-header-val',
      },
      absentHeaders: ['X-Header-Remove-1', 'X-Header-Remove-2'],
    },
    {
      'X-Header-Set-2': 'set-val-2',
      'X-Header-Add-2': 'add-val-2',
      'X-Header-Remove-2': 'remove-val-2',
      'Another-Header': 'another-header-val',
    },
  ),
  get(
    '/case-insensitivity',
    {
      backend,
      headers: {
        'X-Header-Set': 'header-set',
        'X-Header-Add': 'original-val-add,header-add',
        'Another-Header': 'another-header-val',
      },
      absentHeaders: ['x-header-remove', 'X-Header-Remove'],
    },
    {
      'x-header-set': 'original-val-set',
      'x-header-add': 'original-val-add',
      'x-header-remove': 'original-val-remove',
      'Another-Header': 'another-header-val',
    },
  ),
]
