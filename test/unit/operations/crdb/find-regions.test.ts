import {describe, expect, it} from 'vitest'
import {findRegions} from '../../../../src/lib/operations/crdb/find-regions.js'
import type {HostedRegion} from '../../../../src/lib/operations/crdb/region-host.js'
import {parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'

const region = (environment: string, name: string, more: Partial<HostedRegion> = {}): HostedRegion => ({
  databases: [],
  environment,
  participates: true,
  region: name,
  ...more,
})

const HOSTED = [
  region('geo', 'eu'),
  region('geo', 'us'),
  region('other', 'eu'),
  region('locked', 'north', {password: 'hush'}),
  region('plain', 'asia', {participates: false}),
]
const find = (names: readonly string[], only?: string) =>
  findRegions(
    HOSTED,
    names.map((name) => parseInstance(name.includes('=') ? name : `fqdn=${name}`)),
    only,
  )

describe('where regions are', () => {
  it('is the environment that has them all', () => {
    expect(find(['eu', 'us'])).toEqual({eu: 'geo', us: 'geo'})
    expect(find(['us', 'fqdn=north,password=hush', 'endpoint=a:1'])).toEqual({north: 'locked', us: 'geo'})
  })

  it('is asked where it is not clear, and told by name', () => {
    expect(() => find(['eu'])).toThrow('geo and other have a region eu: which environment is meant?')
    expect(find(['eu'], 'other')).toEqual({eu: 'other'})
  })

  it.each([
    [['uss'], undefined, 'there is no region uss; did you mean us?'],
    [['us'], 'other', 'there is no region us in environment other'],
    [['elsewhere.example'], undefined, 'There are eu, us, north'],
    [['asia'], undefined, 'region asia of environment plain is no participating cluster'],
    [['north'], undefined, 'north wants a password'],
    [['fqdn=north,username=u,password=p'], undefined, 'north refused the user name or password; nothing was changed'],
  ])('%j in %s: %s', (names, only, message) => {
    expect(() => find(names, only)).toThrow(message)
  })
})
