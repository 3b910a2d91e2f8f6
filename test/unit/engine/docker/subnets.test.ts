import {describe, expect, it} from 'vitest'
import {
  assignAddresses,
  contains,
  freeSubnets,
  overlaps,
  parseAddress,
  parseRoutes,
  parseSubnet,
  renderSubnet,
  type Subnet,
  subnetOf,
} from '../../../../src/lib/engine/docker/subnets.js'

const subnet = (text: string) => parseSubnet(text) as Subnet

describe('subnets of Docker networks', () => {
  it.each([
    ['10.1.2.3/24', '10.1.2.0/24'],
    ['255.255.255.255/32', '255.255.255.255/32'],
    ['172.16.5.4/12', '172.16.0.0/12'],
    ['0.0.0.0/0', '0.0.0.0/0'],
  ])('%s is %s', (text, rendered) => {
    expect(renderSubnet(subnet(text))).toBe(rendered)
  })

  it.each(['', '10.0.0.0', '10.0.0.256/24', '10.0.0/24', '10.0.0.0/33', 'fd00::/64', '10.0.0.0/x'])(
    '%j is none',
    (text) => {
      expect(parseSubnet(text)).toBeUndefined()
    },
  )

  it('overlap where one holds an address of the other', () => {
    expect(overlaps(subnet('10.0.0.0/8'), subnet('10.213.0.0/25'))).toBe(true)
    expect(overlaps(subnet('10.213.0.0/25'), subnet('10.213.0.128/25'))).toBe(false)
    expect(contains(subnet('10.213.0.0/25'), parseAddress('10.213.0.127') ?? 0)).toBe(true)
    expect(contains(subnet('10.213.0.0/25'), parseAddress('10.213.0.128') ?? 0)).toBe(false)
    expect(renderSubnet(subnetOf('10.213.7.200'))).toBe('10.213.7.128/25')
  })

  it('are chosen beside what is taken', () => {
    const taken = ['10.213.0.0/24', '10.213.1.64/28', '192.168.0.0/16'].map(subnet)
    const free = [...freeSubnets(taken)]
    expect(free.slice(0, 2).map(renderSubnet)).toEqual(['10.213.1.128/25', '10.213.2.0/25'])
    expect([...freeSubnets([subnet('10.0.0.0/8')])]).toEqual([])
  })

  it('give each node an address, which it keeps', () => {
    const pool = subnet('10.213.0.0/29')
    expect(assignAddresses(pool, ['a', 'b'], new Map())).toEqual(
      new Map([
        ['a', '10.213.0.2'],
        ['b', '10.213.0.3'],
      ]),
    )
    const known = new Map([
      ['b', '10.213.0.2'],
      ['gone', '10.213.0.3'],
    ])
    expect(assignAddresses(pool, ['a', 'b'], known)?.get('a')).toBe('10.213.0.4')
    expect(assignAddresses(pool, ['a', 'b'], known)?.get('b')).toBe('10.213.0.2')
    // Eight addresses: the network's, the bridge's, and the last one are no node's.
    expect(assignAddresses(pool, ['a', 'b', 'c', 'd', 'e'], new Map())?.get('e')).toBe('10.213.0.6')
    expect(assignAddresses(pool, ['a', 'b', 'c', 'd', 'e', 'f'], new Map())).toBeUndefined()
  })

  it('are read from the routes of this machine', () => {
    const text = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'tun0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      'eth0\t0011A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ].join('\n')
    expect(parseRoutes(text).map(renderSubnet)).toEqual(['10.213.0.0/16', '192.168.17.0/24'])
  })
})
