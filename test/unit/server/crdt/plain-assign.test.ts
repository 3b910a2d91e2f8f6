import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {CrdtState} from '../../../../src/lib/server/crdt/core/state.js'
import {exchange, type Region, regions} from './regions.js'

/** Two in one slot, one by itself. */
const KEYS = ['{s}a', '{s}b', 'c']

/** Knows no places: each effect goes the way of all. */
function bareEngine(): CrdtState {
  return new CrdtState({nowMs: () => 1e13, region: 3, slotOf: hashSlot})
}

const words = fc.array(
  fc.record({
    command: fc.constantFrom(
      ['SET', '1'],
      ['SET', '1'],
      ['SET', 'text'],
      ['SET', 'x'.repeat(200)],
      ['INCR'],
      ['INCR'],
      ['DEL'],
      ['DEL'],
      ['SADD', 'm'],
      ['PEXPIRE', '100000'],
      ['PERSIST'],
      ['APPEND', 'z'],
    ),
    /** Whether the others hear of it now. */
    isTold: fc.boolean(),
    key: fc.constantFrom(...KEYS),
    region: fc.integer({max: 1, min: 0}),
  }),
  {maxLength: 40, size: 'max'},
)

/** As `exchange`, and the bare engine hears of all of it, each effect once what it depends on is there. */
function tellAll(all: readonly Region[], bare: CrdtState): void {
  let waiting = all.flatMap(({outbox}) => [...outbox])
  exchange(all)
  while (waiting.length > 0) {
    const early = waiting.filter((effect) => bare.apply(effect, true) === 'early')
    if (early.length === waiting.length) throw new Error('effects that depend on what nobody has')
    waiting = early
  }
}

describe('a plain string of another region', () => {
  it('comes to the same as on the way of all effects', () => {
    fc.assert(
      fc.property(words, (steps) => {
        const bare = bareEngine()
        const all = regions(2)
        for (const {command, isTold, key, region} of steps) {
          const [name, ...rest] = command
          all[region]!.send([name!, key, ...rest])
          if (isTold) tellAll(all, bare)
        }
        tellAll(all, bare)
        for (const one of all) {
          expect(one.differences()).toEqual([])
          for (const key of KEYS) {
            const slot = hashSlot(key)
            expect(one.crdt.core.digestSlot(slot)).toBe(bare.digestSlot(slot))
            expect(one.crdt.core.bytesIn(slot)).toBe(bare.bytesIn(slot))
            expect(one.crdt.core.vectorOf(slot)).toEqual(expect.arrayContaining([...bare.vectorOf(slot)]))
            expect(one.crdt.core.look(slot, key)?.type).toBe(bare.look(slot, key)?.type)
            expect(one.crdt.core.look(slot, key)?.deadlineMs).toBe(bare.look(slot, key)?.deadlineMs)
          }
        }
        expect(all[0]!.dump()).toEqual(all[1]!.dump())
      }),
      {numRuns: 150},
    )
  })

  it('comes to the same where the state of a slot is joined', () => {
    fc.assert(
      fc.property(words, fc.integer({max: 40, min: 0}), fc.subarray(KEYS), (steps, early, gone) => {
        const bare = bareEngine()
        // The third hears of some steps, and takes the rest from the states of another's slots.
        const [a, b, late] = regions(3) as [Region, Region, Region]
        for (const [step, {command, isTold, key, region}] of steps.entries()) {
          const [name, ...rest] = command
          const from = [a, b][region]!
          from.send([name!, key, ...rest])
          if (step < early) tellAll([a, b, late], bare)
          else if (isTold) exchange([a, b])
        }
        exchange([a, b])
        // What it deletes, the others have still.
        for (const key of gone) late.do(`DEL ${key}`)
        for (const effect of late.outbox) bare.apply(effect, true)
        for (const slot of new Set(KEYS.map(hashSlot))) {
          const state = a.crdt.core.packSlot(slot)
          expect(late.crdt.join(slot, state)).toBe(bare.joinSlot(slot, state))
          expect(late.crdt.core.digestSlot(slot)).toBe(bare.digestSlot(slot))
          expect(late.crdt.core.bytesIn(slot)).toBe(bare.bytesIn(slot))
        }
        expect(late.differences()).toEqual([])
        exchange([a, b, late])
        expect(late.dump()).toEqual(a.dump())
      }),
      {numRuns: 100},
    )
  })

  it('tells those who subscribe to events of the keyspace', () => {
    const [a, b] = regions(2) as [Region, Region]
    a.do('SET k 1')
    exchange([a, b])
    b.do('CONFIG SET notify-keyspace-events KEA')
    const events: string[] = []
    const {notify} = b.server.databases[0]!
    b.server.databases[0]!.notify = function (...words) {
      events.push(`${words[1]} ${words[2]}`)
      notify.apply(this, words)
    }
    a.do('SET k 2')
    exchange([a, b])
    expect(b.do('GET k')).toBe('2')
    expect(events).toEqual(['set k'])
  })
})
