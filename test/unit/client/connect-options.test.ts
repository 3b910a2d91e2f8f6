import {describe, expect, it} from 'vitest'
import {mapAddress} from '../../../src/lib/client/connect-options.js'

const NODE = {host: '10.0.0.5', port: 6379}

describe('mapAddress', () => {
  it('leaves an address alone that nothing is said about', () => {
    expect(mapAddress(NODE, undefined)).toBe(NODE)
    expect(mapAddress(NODE, new Map())).toBe(NODE)
    expect(mapAddress(NODE, new Map([['10.0.0.6', 'elsewhere']]))).toBe(NODE)
  })

  it('prefers HOST:PORT to HOST', () => {
    const map = new Map<string, string | {host: string; port: number}>([
      ['10.0.0.5', 'gateway'],
      ['10.0.0.5:6379', {host: '127.0.0.1', port: 7001}],
    ])
    expect(mapAddress(NODE, map)).toEqual({host: '127.0.0.1', port: 7001})
    expect(mapAddress({...NODE, port: 6380}, map)).toEqual({host: 'gateway', port: 6380})
  })

  it('finds IPv6 addresses by their bracketed form', () => {
    const map = new Map([['[2001:db8::1]:6379', {host: '::1', port: 7001}]])
    expect(mapAddress({host: '2001:db8::1', port: 6379}, map)).toEqual({host: '::1', port: 7001})
  })
})
