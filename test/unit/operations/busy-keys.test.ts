import {describe, expect, it} from 'vitest'
import {PairMove} from '../../../src/lib/operations/migration/pair.js'
import {type BusyKeyRule, OWNER_MOVES} from '../../../src/lib/operations/migration/types.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {type FakePair, fakePair, taggedKeys} from './fake-pair.js'

describe('some keys of a slot that the target has already', () => {
  const tag = 'one'
  const slot = hashSlot(tag)
  // More than one list of the slot holds: what was learnt of the first is known when the second is sent.
  const ONE = taggedKeys(tag, 600)
  const [FIRST, ...others] = Object.keys(ONE) as [string, ...string[]]
  const LAST = others.at(-1) as string
  const meet = (rule: BusyKeyRule) => {
    const pair = fakePair(ONE, {busyKeys: rule})
    pair.target.set(FIRST, ONE[FIRST])
    pair.target.set(LAST, 'another')
    const source = {...pair.context.source, wire: pair.source.lane()}
    return {...pair, context: {...pair.context, source}}
  }

  it('are replaced where they are the same, and no other with them', async () => {
    const pair = meet(OWNER_MOVES)
    const {done, failed} = await new PairMove(pair.context).run([slot])
    expect([done, failed.map(({code}) => code)]).toEqual([[], ['PLAN_PARTIAL']])
    expect(failed[0]?.message).toContain(LAST)
    expect([pair.source.keys.get(LAST), pair.target.keys.get(LAST)]).toEqual(['v', 'another'])
    expect(pair.source.migrating.has(slot)).toBe(true)
  })

  it('win by rule: the source', async () => {
    const pair = meet({equal: 'replace', different: 'replace'})
    const {done} = await new PairMove(pair.context).run([slot])
    expect([done, Object.fromEntries(pair.target.keys)]).toEqual([[slot], ONE])
  })

  it('win by rule: the target', async () => {
    const pair = meet({equal: 'drop', different: 'drop'})
    const {done} = await new PairMove(pair.context).run([slot])
    expect([done, Object.fromEntries(pair.target.keys)]).toEqual([[slot], {...ONE, [LAST]: 'another'}])
    expect(pair.source.log.filter((line) => line.startsWith('MIGRATE') && line.includes('REPLACE'))).toEqual([])
  })

  it('are not dropped if they change meanwhile', async () => {
    const pair = meet({equal: 'drop', different: 'report'})
    let changed = false
    pair.target.script = (command) => {
      if (command[0] === 'DUMP' && command[1] === FIRST && !changed) {
        changed = true
        // Both were the same a moment ago; now a client writes.
        queueMicrotask(() => pair.source.set(FIRST, 'newer'))
      }
      return undefined
    }
    const {failed} = await new PairMove(pair.context).run([slot])
    expect(pair.source.keys.get(FIRST)).toBe('newer')
    expect(failed.map(({code}) => code)).toEqual(['PLAN_PARTIAL'])
  })
})

describe('keys that are on both sides', () => {
  const slot = hashSlot('one')

  it('are replaced when they are the same', async () => {
    const pair = fakePair(taggedKeys('one', 5))
    pair.target.keys.set('{one}2', 'v')
    const result = await new PairMove(pair.context).run([slot])
    expect(result.failed).toEqual([])
    expect(Object.fromEntries(pair.target.keys)).toEqual(taggedKeys('one', 5))
  })

  it('stop the slot when they differ, with both sides named and neither touched', async () => {
    const pair = fakePair(taggedKeys('one', 5))
    pair.target.keys.set('{one}2', 'another')
    const result = await new PairMove(pair.context).run([slot])
    expect(result.failed[0]?.message).toBe(
      `slot ${slot}: keys differ on both sides: "{one}2" (string, 1 bytes at source; string, 7 bytes at target)`,
    )
    expect([pair.source.keys.get('{one}2'), pair.target.keys.get('{one}2')]).toEqual(['v', 'another'])
    expect(pair.source.owned.has(slot)).toBe(true)
  })

  /** The target takes a key, and the source does not hear of it. */
  const unanswered = (pair: FakePair, key: string) => {
    let done = false
    pair.source.script = (command) => {
      if (done || command[0] !== 'MIGRATE' || !command.includes(key)) return undefined
      done = true
      pair.target.keys.set(key, pair.source.keys.get(key) as string)
      pair.source.set(key, 'newer')
      return '-IOERR error or timeout reading from target instance'
    }
  }

  it('are what the source went on with, if a MIGRATE had no answer', async () => {
    const pair = fakePair(taggedKeys('one', 5))
    unanswered(pair, '{one}2')
    const result = await new PairMove(pair.context).run([slot])
    expect(result.failed).toEqual([])
    expect(Object.fromEntries(pair.target.keys)).toEqual({...taggedKeys('one', 5), '{one}2': 'newer'})
  })

  it('stop the slot, answer or not, if the target held keys of it before', async () => {
    const pair = fakePair(taggedKeys('one', 5))
    pair.target.keys.set('{one}3', 'another')
    unanswered(pair, '{one}3')
    const result = await new PairMove(pair.context).run([slot])
    expect(result.failed[0]?.message).toContain('"{one}3"')
    expect(pair.source.keys.has('{one}3')).toBe(true)
  })

  it('are replaced when the operator says so', async () => {
    const base = fakePair({}).context.migrate
    const pair = fakePair(taggedKeys('one', 5), {migrate: {...base, replace: true}})
    pair.target.keys.set('{one}2', 'another')
    await new PairMove(pair.context).run([slot])
    expect(pair.target.keys.get('{one}2')).toBe('v')
  })
})
