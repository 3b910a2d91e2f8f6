import {describe, expect, it} from 'vitest'
import {PairMove} from '../../../src/lib/operations/migration/pair.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {type FakePair, fakePair, taggedKeys} from './fake-pair.js'

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

  it('stop the slot when one differs, also after others were found to be the same', async () => {
    // One list of keys holds 500.
    const pair = fakePair(taggedKeys('one', 600))
    pair.target.keys.set('{one}0', 'v')
    pair.target.keys.set('{one}590', 'another')
    const result = await new PairMove(pair.context).run([slot])
    expect(result.failed[0]?.message).toContain('"{one}590"')
    expect([pair.source.keys.get('{one}590'), pair.target.keys.get('{one}590')]).toEqual(['v', 'another'])
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
