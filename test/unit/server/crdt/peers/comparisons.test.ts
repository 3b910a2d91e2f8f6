import {describe, expect, it} from 'vitest'
import {pair, World, type WorldNode} from './world.js'

const MINUTE_MS = 60_000

function three(): {world: World; a: WorldNode; b: WorldNode; c: WorldNode} {
  const world = new World(3)
  const [a, b, c] = [world.add(1), world.add(2), world.add(3)] as [WorldNode, WorldNode, WorldNode]
  world.advance(500)
  return {a, b, c, world}
}

const WELL = {count: 0, found: 0, mended: 0}
const MENDING = {count: 1, found: 1, mended: 0}
const MENDED = {count: 0, found: 1, mended: 1}

const FOUND =
  'warning Not the same as in region 2 although both have applied the same, which is a bug: slot 5. Their states are joined.'

const foundBy = ({peers}: WorldNode) => {
  const {count, found, mended} = peers.comparisons.divergences
  return {count, found, mended}
}

/** The lower one asks, as each minute. */
function compare({a, world}: {readonly a: WorldNode; readonly world: World}): void {
  a.peers.compareNow()
  world.advance(300)
}

/** CRDT.COMPARE that the node got, as slots of each. */
const askedOf = ({commands}: WorldNode) =>
  commands.filter(([name]) => name === 'CRDT.COMPARE').map(([, vectors]) => JSON.parse(vectors!).length as number)

const saidBy = ({log}: WorldNode) => log.filter((line) => /same as in/.test(line))

describe('regions that have applied the same', () => {
  it('compare what has changed, every minute, 32 slots at a time', () => {
    const {a, b, world} = pair()
    for (let slot = 0; slot < 70; slot++) a.add(slot, 'x')
    world.advance(MINUTE_MS - 2000)
    expect(askedOf(b)).toEqual([])
    world.advance(4000)
    expect(askedOf(b)).toEqual([32, 32, 6])
    expect(askedOf(a)).toEqual([])
    b.add(3, 'y')
    world.advance(200)
    compare({a, world})
    expect(askedOf(b)).toEqual([32, 32, 6, 1])
    expect([a.peers.comparisons.compared, b.peers.comparisons.compared]).toEqual([71, 71])
    expect([foundBy(a), foundBy(b)]).toEqual([WELL, WELL])
    expect([...saidBy(a), ...saidBy(b)]).toEqual([])
  })

  it('find what one of them has lost, tell it, and join', () => {
    const {a, b, c, world} = three()
    a.add(5, 'x')
    a.add(6, 'y')
    world.advance(100)
    b.fake.lose(5, 'x')
    compare({a, world})
    expect(b.values(5)).toEqual(['x'])
    expect([foundBy(a), foundBy(b), foundBy(c)]).toEqual([MENDING, MENDING, WELL])
    expect([a.statusOf(2).divergedSlots, a.statusOf(3).divergedSlots]).toEqual([1, 0])
    compare({a, world})
    expect([foundBy(a), foundBy(b), foundBy(c)]).toEqual([MENDED, MENDED, WELL])
    expect(a.statusOf(2).divergedSlots).toBe(0)
    expect(saidBy(a)).toEqual([FOUND, 'notice The same as in region 2 again: slot 5.'])
    expect(b.passed).toContainEqual(['CRDT.MERGE', '5', a.fake.packSlot(5)])
  })

  it('go on counting what joins do not mend, and ask for no more of them', () => {
    const {a, b, world} = pair()
    a.add(5, 'x')
    world.advance(100)
    b.fake.lose(5, 'x')
    b.fake.damage = 'lost for ever'
    for (let round = 0; round < 8; round++) compare({a, world})
    expect(foundBy(a)).toEqual({count: 1, found: 8, mended: 0})
    expect(a.commands.filter(([name]) => name === 'CRDT.PULL')).toHaveLength(3)
    expect(saidBy(a)).toEqual([
      FOUND,
      'warning Not the same as in region 2 still, joining did not mend it: slot 5. shoal crdb verify names the keys.',
    ])
  })

  it.each([
    ['to the other', 0],
    ['from the other', 1],
  ])('compare later what was on its way %s', (_, from) => {
    const {a, b, world} = pair()
    const sides = [a, b] as const
    sides[from]!.add(5, 'x')
    world.advance(200)
    world.deaf.add(sides[1 - from]!)
    sides[from]!.add(5, 'y')
    compare({a, world})
    expect([askedOf(b), a.peers.comparisons.compared]).toEqual([[1], 0])
    world.deaf.clear()
    world.advance(200)
    compare({a, world})
    expect([askedOf(b), a.peers.comparisons.compared]).toEqual([[1, 1], 1])
    compare({a, world})
    expect(askedOf(b)).toEqual([1, 1])
  })

  it('ask again when the link breaks before the answer', () => {
    const {a, b, world} = pair()
    a.add(5, 'x')
    world.advance(200)
    world.deaf.add(a)
    compare({a, world})
    expect(askedOf(b)).toEqual([1])
    world.cut(1, 2)
    world.deaf.clear()
    world.heal()
    world.advance(2000)
    expect(a.peers.comparisons.compared).toBe(0)
    compare({a, world})
    expect(a.peers.comparisons.compared).toBe(1)
  })

  it('leave out what takes too long', () => {
    const {a, b, world} = pair()
    a.add(5, 'x'.repeat(1024 * 1024 + 1))
    a.add(6, 'x')
    world.advance(200)
    compare({a, world})
    expect([askedOf(b), [...a.peers.comparisons.leftOut]]).toEqual([[1], [5]])
  })

  it('refuse a comparison that names no slots', () => {
    const {a} = pair()
    expect(() => a.peers.comparisons.answer(2, new Map([[5, []]]), '')).toThrow('32 slots at most')
  })
})
