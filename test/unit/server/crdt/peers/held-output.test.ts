import {describe, expect, it} from 'vitest'
import {pair, World} from './world.js'

describe('what a node writes that waits for its replicas', () => {
  it('leaves once they have it, and what comes behind it too', () => {
    const {a, b, world} = pair()
    a.safeCount = a.takenCount
    b.add(2, 'from b')
    world.advance(200)
    a.add(1, 'x')
    world.advance(3000)
    expect([a.values(2), b.values(1), b.statusOf(1).status]).toEqual([['from b'], [], 'down'])
    a.add(1, 'y')
    a.safeCount = a.takenCount - 1
    world.advance(100)
    expect(b.values(1)).toEqual(['x'])
    a.safeCount++
    world.advance(100)
    expect([b.values(1), b.statusOf(1).status]).toEqual([['x', 'y'], 'in-sync'])
  })

  it('stops nobody who waits for room', () => {
    const {a, b, world} = pair()
    a.safeCount = a.takenCount
    for (let round = 0; round < 100; round++) a.add(round, 'x'.repeat(20_000) + round)
    world.advance(500)
    expect(b.values(0)).toEqual([])
    a.safeCount = a.takenCount
    world.advance(500)
    expect(b.values(99)).toHaveLength(1)
  })

  it('is not sent behind the answer to who asks anew', () => {
    const {a, b, world} = pair()
    a.safeCount = a.takenCount
    a.add(1, 'x')
    world.advance(100)
    // The same connection: another region is to come on it.
    for (const pull of b.peers.regions.get(1)!.pulls.values()) pull.ask()
    world.advance(100)
    expect(b.statusOf(1).status).not.toBe('in-sync')
    a.safeCount = a.takenCount
    world.advance(100)
    expect([b.values(1), b.statusOf(1).status, b.peers.inbox.known]).toEqual([['x'], 'in-sync', 0])
  })

  it('may be in the state of a slot', () => {
    const world = new World(2)
    const a = world.add(1)
    a.add(1, 'x')
    a.safeCount = 0
    const b = world.add(2)
    world.advance(1000)
    expect(b.values(1)).toEqual([])
    a.safeCount = a.takenCount
    world.advance(1000)
    expect(b.values(1)).toEqual(['x'])
  })
})
