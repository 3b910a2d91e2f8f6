import {describe, expect, it} from 'vitest'
import {exchange, joinAll, Region, START_MS} from './rig.js'

/** The published examples (crdb.md 3, wire.md 7.5), by effects and by states. */
describe.each([
  ['effects', exchange],
  ['states', joinAll],
])('by %s', (_, meet) => {
  const pair = () => [new Region(1), new Region(2)] as const

  it('keeps of a counter what DEL had not seen: 10 seen, 5 unseen', () => {
    const [a, b] = pair()
    a.write((writer) => writer.addToString('k', 10))
    meet(a, b)
    b.write((writer) => writer.resetKey('k'))
    a.write((writer) => writer.addToString('k', 5))
    expect(b.text()).toBeUndefined()
    meet(a, b)
    expect(b.text()).toBe('5')
  })

  it('adds to a base what regions count: SET 10, INCR in two', () => {
    const [a, b] = pair()
    a.write((writer) => writer.setString('k', '10'))
    meet(a, b)
    a.write((writer) => writer.addToString('k', 1))
    b.write((writer) => writer.addToString('k', 1))
    meet(a, b)
    expect(a.text()).toBe('12')
  })

  it('replaces by SET what it saw of counters', () => {
    const [a, b] = pair()
    a.write((writer) => writer.addToString('k', 10))
    meet(a, b)
    a.write((writer) => writer.addToString('k', 5))
    b.write((writer) => writer.setString('k', '100'))
    meet(a, b)
    expect(a.text()).toBe('105')
  })

  it('takes the latest of concurrent SETs, then the lowest region', () => {
    const [a, b] = pair()
    b.write((writer) => writer.setString('k', 'b'))
    a.write((writer) => writer.setString('k', 'a'))
    meet(a, b)
    expect(a.text()).toBe('a')
    b.nowMs += 10
    b.write((writer) => writer.setString('k', 'b'))
    a.write((writer) => writer.setString('k', 'a'))
    meet(a, b)
    expect(a.text()).toBe('b')
  })

  it('keeps the loser while a DEL had seen the winner alone', () => {
    const [a, b] = pair()
    const c = new Region(3)
    a.nowMs += 10
    a.write((writer) => writer.setString('k', 'winner'))
    meet(a, c)
    b.write((writer) => writer.setString('k', 'loser'))
    c.write((writer) => writer.resetKey('k'))
    meet(a, b)
    expect(a.text()).toBe('winner')
    meet(a, b, c)
    expect(a.text()).toBe('loser')
  })

  it('lets SADD win over SREM and DEL that had not seen it', () => {
    const [a, b] = pair()
    a.write((writer) => writer.addMembers('k', ['x', 'y']))
    meet(a, b)
    a.write((writer) => writer.addMembers('k', ['x']))
    b.write((writer) => writer.removeMembers('k', ['x', 'y', 'z']))
    meet(a, b)
    expect(a.elements()).toEqual(['x'])
    a.write((writer) => writer.resetKey('k'))
    b.write((writer) => writer.addMembers('k', ['z']))
    meet(a, b)
    expect(a.elements()).toEqual(['z'])
  })

  it('leaves of a score the increment that ZREM had not seen', () => {
    const [a, b] = pair()
    a.write((writer) => writer.setScores('k', [['m', 4.1]]))
    meet(a, b)
    a.write((writer) => writer.removeScored('k', ['m']))
    b.write((writer) => writer.addToScore('k', 'm', 2))
    expect(b.look()?.score('m')).toBe(6.1)
    meet(a, b)
    expect(a.look()?.score('m')).toBe(2)
  })

  it('merges fields: HINCRBY by addition, HSET by the latest, HSET with HINCRBY by both', () => {
    const [a, b] = pair()
    for (const region of [a, b]) {
      region.write((writer) => {
        writer.addToField('k', 'n', region.id)
        writer.setFields('k', [['f', String(region.id)]])
      })
    }
    a.write((writer) => writer.setFields('k', [['mixed', '5']]))
    b.write((writer) => writer.addToField('k', 'mixed', 2))
    meet(a, b)
    const seen = a.look()!
    expect([seen.field('n'), seen.field('f'), seen.field('mixed')]).toEqual(['3', '1', '7'])
    expect([seen.isCounter('n'), seen.isCounter('f')]).toEqual([true, false])
    a.write((writer) => writer.setFields('k', [['f', 'new']]))
    b.write((writer) => writer.removeFields('k', ['f', 'n']))
    meet(a, b)
    expect(a.elements()).toEqual(['f', 'mixed'])
  })

  it('takes the longest of concurrent deadlines, and PERSIST above all', () => {
    const [a, b] = pair()
    a.write((writer) => writer.setString('k', 'v'))
    meet(a, b)
    a.write((writer) => writer.setDeadline('k', START_MS + 500))
    b.write((writer) => writer.setDeadline('k', START_MS + 900))
    meet(a, b)
    expect(a.look()?.deadlineMs).toBe(START_MS + 900)
    expect(a.core.expiryOwner(7, 'k', new Set([1, 2]))).toBe(2)
    expect(a.core.expiryOwner(7, 'k', new Set([1, 3]))).toBe(1)
    a.write((writer) => writer.setDeadline('k', START_MS + 100))
    meet(a, b)
    expect(a.look()?.deadlineMs).toBe(START_MS + 100)
    a.write((writer) => writer.setDeadline('k', START_MS + 200))
    b.write((writer) => writer.setDeadline('k', Infinity))
    meet(a, b)
    expect(a.look()?.deadlineMs).toBeUndefined()
    expect(a.look()?.text()).toBe('v')
  })

  it('clears with SET the deadlines it saw', () => {
    const [a, b] = pair()
    a.write((writer) => {
      writer.setString('k', 'v')
      writer.setDeadline('k', START_MS + 500)
    })
    meet(a, b)
    b.write((writer) => {
      writer.setString('k', 'w')
      writer.clearDeadline('k')
    })
    meet(a, b)
    expect(a.look()?.deadlineMs).toBeUndefined()
  })

  it('resets what is left of a gone key before it is written anew', () => {
    const [a, b] = pair()
    a.write((writer) => {
      writer.addMembers('k', ['x'])
      writer.setDeadline('k', START_MS + 500)
    })
    a.write((writer) => writer.removeMembers('k', ['x']))
    a.write((writer) => writer.addMembers('k', ['y']))
    meet(a, b)
    expect(b.look()?.deadlineMs).toBeUndefined()
  })

  it('shows of clashing types the one made first, and drops the other with the next write', () => {
    const [a, b] = pair()
    b.write((writer) => writer.addMembers('k', ['x']))
    a.nowMs += 10
    a.write((writer) => writer.setString('k', 'v'))
    meet(a, b)
    expect(a.look()?.type).toBe('set')
    expect(a.core.explain(7, 'k')?.because).toMatch(
      /several types\. The set is visible: made first, by 2\.\S+; hidden until the next write: string\./,
    )
    b.write((writer) => writer.addMembers('k', ['y']))
    meet(a, b)
    expect(a.core.explain(7, 'k')?.values.map(({type}) => type)).toEqual(['set'])
    expect(a.elements()).toEqual(['x', 'y'])
  })

  it('empties a slot of what was seen', () => {
    const [a, b] = pair()
    a.write((writer) => {
      writer.addToString('n', 10)
      writer.setString('s', 'v')
      writer.addMembers('k', ['x'])
    })
    meet(a, b)
    a.write((writer) => writer.resetSlot())
    b.write((writer) => {
      writer.addToString('n', 5)
      writer.addMembers('k', ['y'])
    })
    meet(a, b)
    expect([...a.core.keys(7)].sort()).toEqual(['k', 'n'])
    expect(a.text('n')).toBe('5')
    expect(a.elements()).toEqual(['y'])
  })
})
