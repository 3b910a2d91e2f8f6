import {describe, expect, it} from 'vitest'
import {parseWeights, spreadWeights} from '../../../src/lib/cli/weights.js'

describe('parseWeights', () => {
  it('reads ids and addresses, IPv6 too', () => {
    const weights = parseWeights(['3f2a=2', '127.0.0.1:7000=0', '[::1]:7001=1.5'])
    expect([...weights]).toEqual([
      ['3f2a', 2],
      ['127.0.0.1:7000', 0],
      ['[::1]:7001', 1.5],
    ])
  })

  it.each([['3f2a'], ['=2'], ['3f2a='], ['3f2a=-1'], ['3f2a=heavy'], ['3f2a=1e9x']])('refuses %s', (text) => {
    expect(() => parseWeights([text])).toThrow(/--weight takes NODE=NUMBER/)
  })

  it('refuses two weights of one name', () => {
    expect(() => parseWeights(['a=1', 'a=2'])).toThrow(/a has two weights/)
  })
})

describe('spreadWeights', () => {
  it.each<[name: string, argv: string, spread: string]>([
    ['one weight', 'h:1 --weight a=1', 'h:1 --weight a=1'],
    ['several after one flag', '--cluster-weight a=1 b=2 h:1', '--cluster-weight a=1 --weight b=2 h:1'],
    ['another flag between', '--weight a=1 --yes b=2', '--weight a=1 --yes b=2'],
    ['what looks like one elsewhere', '--address-map a=b c=d', '--address-map a=b c=d'],
  ])('handles %s', (_, argv, spread) => {
    expect(spreadWeights(argv.split(' ')).join(' ')).toBe(spread)
  })
})
