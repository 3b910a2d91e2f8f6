import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {CliError} from '../../../../src/lib/kernel/errors.js'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {selectNodes, shardsOf, splitGroups, splitPair} from '../../../../src/lib/plan/faults/selector.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {SIX} from './nodes.js'

const select = (text: string, nodes = SIX) => selectNodes(text, nodes, seededRng(1))

describe('a selector', () => {
  it.each([
    ['n2', ['n2']],
    ['n5,n2', ['n2', 'n5']],
    ['n2, n2', ['n2']],
    ['n?', ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']],
    ['*6', ['n6']],
    ['all', ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']],
    ['role:primary', ['n1', 'n2', 'n3']],
    ['role:master', ['n1', 'n2', 'n3']],
    ['role:slave', ['n4', 'n5', 'n6']],
    ['shard:0', ['n2', 'n5']],
    ['shard:1,n6', ['n1', 'n4', 'n6']],
    ['slot:0', ['n2']],
    ['slot:5461', ['n1']],
    ['key:foo', ['n3']],
    ['key:{foo}bar', ['n3']],
    ['region:eu', ['n1', 'n3', 'n5']],
  ])('%s', (text, names) => {
    expect(select(text)).toEqual(names)
  })

  it('of a key selects the owner of its slot, as clients count it', () => {
    const key = 'schlüssel'
    const slot = hashSlot(Buffer.from(key).toString('latin1'))
    expect(slot).not.toBe(hashSlot(key))
    expect(select(`key:${key}`)).toEqual(select(`slot:${slot}`))
  })

  it('by chance selects so many, others for other seeds, the same for the same', () => {
    const draw = (seed: number) => selectNodes('random:2', SIX, seededRng(seed)).join()
    const drawn = new Set(Array.from({length: 200}, (_, seed) => draw(seed)))
    expect(drawn.size).toBe(15)
    expect(draw(7)).toBe(draw(7))
  })

  it('selects both who think to own a slot', () => {
    const split = SIX.map((node) =>
      node.name === 'n5' ? {...node, role: 'primary' as const, slots: [{first: 0, last: 5460}]} : node,
    )
    expect(select('slot:7', split)).toEqual(['n2', 'n5'])
  })

  it('finds a node by name of which nothing is known', () => {
    expect(select('n7', [...SIX, {name: 'n7'}])).toEqual(['n7'])
    expect(select('role:replica', [...SIX, {name: 'n7'}])).toEqual(['n4', 'n5', 'n6'])
  })

  it.each([
    ['n11', 'there is no node n11; did you mean n1?'],
    ['x*', 'no node is called like x*'],
    ['shard:3', 'there is no shard 3: shards are 0 to 2'],
    ['region:ue', 'there is no region ue: regions are eu, us; did you mean eu?'],
    ['random:7', 'there are no 7 nodes, but 6'],
    ['n1,n9', 'there is no node n9; did you mean n1?'],
  ])('that means nobody is refused: %s', (text, message) => {
    expect(() => select(text)).toThrow(expect.objectContaining({code: 'UNKNOWN_NODE', exitCode: 3, message}))
  })

  it.each(['', 'n1,', 'role:boss', 'slot:16384', 'slot:-1', 'slot:', 'shard:x', 'random:0', 'region:', 'rol:primary'])(
    'that makes no sense is refused: %j',
    (text) => {
      expect(() => select(text)).toThrow(expect.objectContaining({code: 'BAD_FLAG', exitCode: 2}))
    },
  )

  it('names the word that was meant', () => {
    expect(() => select('rol:primary')).toThrow(/did you mean role:primary/)
  })

  it('throws nothing but errors for people, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(select(text).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(CliError)
        }
      }),
    )
  })
})

describe('shards', () => {
  it('are numbered by lowest slot; primaries without slots come last', () => {
    expect(shardsOf([{name: 'n0', role: 'primary', slots: []}, ...SIX])).toEqual([
      ['n2', 'n5'],
      ['n1', 'n4'],
      ['n3', 'n6'],
      ['n0'],
    ])
  })
})

describe('a pair', () => {
  it.each([
    ['n1:n2', ['n1', 'n2']],
    ['role:primary:n4', ['role:primary', 'n4']],
    ['n4:role:primary', ['n4', 'role:primary']],
    ['region:eu:region:us', ['region:eu', 'region:us']],
    ['n1,shard:0:n2,n3', ['n1,shard:0', 'n2,n3']],
    ['key:user:1:n2', ['key:user:1', 'n2']],
  ])('%s', (text, pair) => {
    expect(splitPair(text)).toEqual(pair)
  })

  it.each(['n1', 'n1:', ':n1', 'role:primary', 'a:b:c'])('is not %s', (text) => {
    expect(() => splitPair(text)).toThrow(expect.objectContaining({code: 'BAD_FLAG'}))
  })
})

describe('groups in words', () => {
  it.each([
    [
      ['n1,n2', 'n3'],
      ['n1,n2', 'n3'],
    ],
    [
      ['n1,n2', '/', 'n3'],
      ['n1,n2', 'n3'],
    ],
    [['n1,n2 / n3'], ['n1,n2', 'n3']],
    [['n1,n2/n3'], ['n1,n2', 'n3']],
    [
      ['n1', 'n2', '/', 'n3'],
      ['n1,n2', 'n3'],
    ],
    [
      ['n1,', 'n2', 'n3'],
      ['n1,n2', 'n3'],
    ],
    [['n1', '/'], ['n1']],
    [
      ['key:a/b', 'n3'],
      ['key:a/b', 'n3'],
    ],
    [[], []],
  ])('%j', (words, groups) => {
    expect(splitGroups(words)).toEqual(groups)
  })
})
