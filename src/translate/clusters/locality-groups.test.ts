import { describe, expect, test } from '@jest/globals'
import type { LocalityLbSetting } from '../../resources/destination-rule.ts'
import type { EndpointModel } from '../model/endpoint-model.ts'
import { parseLocality, sameNode, sameZone, topologyLabels } from '../model/locality.ts'
import { localityGroups } from './locality-groups.ts'

const client = clientAt('r1/z1/s1', 'node-1')

function clientAt(place: string, nodeName: string) {
  const locality = parseLocality(place)
  return { nodeName, locality, labels: { app: 'w', ...topologyLabels(locality, nodeName) } }
}

function endpoint(place: string, nodeName = 'node-9', labels: Record<string, string> = {}, weight = 1): EndpointModel {
  const locality = parseLocality(place)
  return {
    address: `${place} ${nodeName}`,
    port: 80,
    hbonePort: undefined,
    identity: '',
    locality,
    weight,
    isChecked: true,
    labels: { ...labels, ...topologyLabels(locality, nodeName) },
  }
}

/** `priority weight: addresses` of each group. */
function groups(endpoints: EndpointModel[], setting?: LocalityLbSetting, failsOver = true): string[] {
  const plan = setting && { setting, failsOver }
  return localityGroups(endpoints, plan, client).map(
    (group) => `${group.priority} ${group.weight}: ${group.endpoints.map(({ address }) => address).join(', ')}`,
  )
}

test('localities stand in the order of their names, and weigh what their endpoints weigh', () => {
  const endpoints = [endpoint('r2'), endpoint('r1/z1', 'a', {}, 3), endpoint('r1/z1', 'b')]
  expect(groups(endpoints)).toEqual(['0 4: r1/z1 a, r1/z1 b', '0 1: r2 node-9'])
})

describe('failover', () => {
  const endpoints = ['r1/z1/s1', 'r1/z1/s2', 'r1/z2', 'r2', 'r3'].map((place) => endpoint(place))

  test('goes from subzone to zone to region to anywhere', () => {
    expect(groups(endpoints, {}).map((group) => group[0])).toEqual(['0', '1', '2', '3', '3'])
  })

  test('takes the region that is named before the others', () => {
    expect(groups(endpoints, { failover: [{ from: 'r1', to: 'r3' }] }).map((group) => group[0])).toEqual([
      '0',
      '1',
      '2',
      '4',
      '3',
    ])
  })

  test('leaves no priority out', () => {
    expect(groups(endpoints.slice(2), {}).map((group) => group[0])).toEqual(['0', '1', '1'])
  })

  test('does not happen where nobody notices failures', () => {
    expect(groups(endpoints, {}, false).every((group) => group.startsWith('0'))).toBe(true)
  })

  test('by zone makes no difference within a zone; by node it does', () => {
    const near = [endpoint('r1/z1/s1', 'node-1'), endpoint('r1/z1/s1', 'node-2'), endpoint('r1/z2', 'node-3')]
    expect(groups(near, { failoverPriority: sameZone })).toEqual([
      '0 2: r1/z1/s1 node-1, r1/z1/s1 node-2',
      '1 1: r1/z2 node-3',
    ])
    expect(groups(near, { failoverPriority: sameNode })).toEqual([
      '0 1: r1/z1/s1 node-1',
      '1 1: r1/z1/s1 node-2',
      '2 1: r1/z2 node-3',
    ])
  })

  test('follows labels, with the waypoint’s value or a given one', () => {
    const versions = [endpoint('r1', 'a', { version: 'v1' }), endpoint('r1', 'b', { version: 'v2' })]
    expect(groups(versions, { failoverPriority: ['version=v2'] })).toEqual(['0 1: r1 b', '1 1: r1 a'])
    expect(groups(versions, { failoverPriority: ['app'] })).toEqual(['0 2: r1 a, r1 b'])
  })
})

describe('distribution', () => {
  const endpoints = [endpoint('r1/z1'), endpoint('r1/z2'), endpoint('r1/z2', 'b'), endpoint('r2/z1'), endpoint('r3')]

  test('divides a share among the localities that it names, and leaves the others without', () => {
    const distribute: LocalityLbSetting['distribute'] = [
      { from: 'r9', to: { r9: 100 } },
      { from: 'r1/z1/*', to: { 'r1/z1': 70, 'r1/*': 20, r2: 10 } },
    ]
    expect(groups(endpoints, { distribute })).toEqual([
      '0 70: r1/z1 node-9', '0 20: r1/z2 node-9, r1/z2 b', '0 10: r2/z1 node-9', '0 1: ',
    ]) // prettier-ignore
  })
})
