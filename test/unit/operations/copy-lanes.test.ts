import {describe, expect, it} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {PairMove} from '../../../src/lib/operations/migration/pair.js'
import {takesSetslotInMulti} from '../../../src/lib/operations/migration/run-moves.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {type FakePair, fakePair, taggedKeys} from './fake-pair.js'

const TAGS = ['one', 'two', 'three', 'four', 'five']
const SLOTS = TAGS.map(hashSlot).sort((a, b) => a - b)
const SLOT = hashSlot('one')
const KEYS = Object.assign({}, ...TAGS.map((tag) => taggedKeys(tag, 30))) as Record<string, string>
const COPY = {transfer: 'copy'} as const

/** Does something once, right before the source runs the nth command of a name. */
function before({source}: FakePair, name: string, act: () => void): void {
  let done = false
  source.script = (command) => {
    if (!done && command[0] === name) {
      done = true
      act()
    }
    return undefined
  }
}

/** Does something once, right after the copies were made: the target has answered, the source has not switched. */
function afterCopy({target}: FakePair, act: () => void): void {
  let done = false
  target.script = (command) => {
    if (!done && command[0] === 'RESTORE-ASKING') {
      done = true
      queueMicrotask(act)
    }
    return undefined
  }
}

function sent({source}: FakePair, name: string): string[] {
  return source.log.filter((line) => line.startsWith(name))
}

describe('CopyLanes', () => {
  it('moves slots of small keys without a MIGRATE', async () => {
    const pair = fakePair(KEYS, COPY)
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result).toEqual({keys: 150, done: SLOTS, failed: []})
    expect(Object.fromEntries(pair.target.keys)).toEqual(KEYS)
    expect(pair.source.keys.size).toBe(0)
    expect(sent(pair, 'MIGRATE')).toEqual([])
    expect([pair.source.migrating.size, pair.target.importing.size]).toEqual([0, 0])
  })

  it('never redirects before the copies are there, nor deletes before it redirects', async () => {
    const pair = fakePair(taggedKeys('one', 3), COPY)
    before(pair, 'CLUSTER', () => undefined)
    pair.source.script = (command) => {
      if (command[3] === 'MIGRATING') expect(pair.target.keys.size).toBe(3)
      if (command[0] === 'DEL') expect([...pair.source.migrating]).toEqual([SLOT])
      return undefined
    }
    await new PairMove(pair.context).run([SLOT])
    expect(pair.target.keys.size).toBe(3)
  })

  it.each<[name: string, change: (pair: FakePair) => void, keys: Record<string, string>]>([
    ['a key that was written', ({source}) => source.set('{one}1', 'new'), {...taggedKeys('one', 3), '{one}1': 'new'}],
    ['a key that was deleted', ({source}) => source.set('{one}1', undefined), {'{one}0': 'v', '{one}2': 'v'}],
  ])('does not lose %s between copy and switch', async (_, change, keys) => {
    const pair = fakePair(taggedKeys('one', 3), COPY)
    afterCopy(pair, () => change(pair))
    // Whoever is redirected must find no stale copy.
    pair.source.script = (command) => {
      if (command[3] === 'MIGRATING') expect([...pair.target.keys.keys()]).toEqual([])
      return undefined
    }
    const result = await new PairMove(pair.context).run([SLOT])
    expect(result.failed).toEqual([])
    expect(Object.fromEntries(pair.target.keys)).toEqual(keys)
    expect(pair.source.keys.size).toBe(0)
    expect(sent(pair, 'MIGRATE')).toHaveLength(1)
  })

  it('brings a key that appeared between copy and switch after the others', async () => {
    const pair = fakePair(taggedKeys('one', 3), COPY)
    afterCopy(pair, () => pair.source.set('{one}late', 'v'))
    const result = await new PairMove(pair.context).run([SLOT])
    expect(result.keys).toBe(4)
    expect(pair.target.keys.get('{one}late')).toBe('v')
    expect(sent(pair, 'MIGRATE')).toHaveLength(1)
  })

  it('brings times to live along', async () => {
    const pair = fakePair(KEYS, COPY)
    pair.source.ttls.set('{two}7', 5000)
    await new PairMove(pair.context).run(SLOTS)
    expect(Object.fromEntries(pair.target.keys)).toEqual(KEYS)
    // What was under way when the first was seen goes by MIGRATE, which has its own way with them.
    if (sent(pair, 'MIGRATE').length < SLOTS.length) expect(sent(pair, 'PTTL').length).toBeGreaterThan(0)
  })

  it('asks for times to live and sets them, 1 at least', async () => {
    const pair = fakePair(
      {...taggedKeys('one', 3), ...taggedKeys('two', 3)},
      {...COPY, pace: {maxBlockMs: 20, windowSlots: 1}},
    )
    pair.source.ttls.set('{one}1', 0).set('{two}1', 5000)
    await new PairMove(pair.context).run([SLOT, hashSlot('two')].sort((a, b) => a - b))
    const second = SLOT < hashSlot('two') ? '{two}1' : '{one}1'
    expect(Object.fromEntries(pair.target.ttls)).toEqual({[second]: second === '{two}1' ? 5000 : 1})
  })

  it('sends slots of many or big keys by MIGRATE', async () => {
    const keys = {...taggedKeys('one', 600), ...taggedKeys('two', 1, 'x'.repeat(300_000))}
    const pair = fakePair(keys, COPY)
    await new PairMove(pair.context).run([SLOT, hashSlot('two')].sort((a, b) => a - b))
    expect(Object.fromEntries(pair.target.keys)).toEqual(keys)
    expect(sent(pair, 'WATCH')).toEqual([])
  })

  it('sends all by MIGRATE, and says so, where the source cannot switch slots over', async () => {
    const pair = fakePair(KEYS, {...COPY, canSwitch: false})
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result).toEqual({keys: 150, done: SLOTS, failed: []})
    expect(sent(pair, 'WATCH')).toEqual([])
    const warnings = pair.events.flatMap((event) => (event.event === 'warning' ? [event.message] : []))
    expect(warnings).toEqual(['source cannot switch copied slots over; all go by MIGRATE'])
  })

  it.each([
    [{redis_version: '7.0.15'}, true],
    [{redis_version: '7.2.4', valkey_version: '7.2.11'}, true],
    [{redis_version: '7.2.4', valkey_version: '8.0.1'}, false],
    [{redis_version: '7.2.4', valkey_version: '10.0.0'}, false],
  ])('knows from INFO %j whether a source can: %s', (info, can) => {
    expect(takesSetslotInMulti({info: new Map(Object.entries(info))})).toBe(can)
  })

  it('leaves keys that the target held before to the comparison', async () => {
    const pair = fakePair(taggedKeys('one', 3), COPY)
    pair.target.keys.set('{one}1', 'another')
    const result = await new PairMove(pair.context).run([SLOT])
    expect(result.failed[0]?.message).toMatch(/keys differ on both sides/)
    expect([pair.source.keys.get('{one}1'), pair.target.keys.get('{one}1')]).toEqual(['v', 'another'])
  })

  it.each([
    ['the source does not dump', 'source', /^DUMP/],
    ['the source does not watch', 'source', /^WATCH/],
    ['the source runs no scripts', 'source', /^EVAL/],
    ['the target does not restore', 'target', /^RESTORE-ASKING .*1 /],
  ] as const)('falls back where %s', async (_, who, matches) => {
    const pair = fakePair(KEYS, COPY)
    pair[who].script = (command) => (matches.test(command.join(' ')) ? '-NOPERM no permissions' : undefined)
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result.failed).toEqual([])
    expect(Object.fromEntries(pair.target.keys)).toEqual(KEYS)
    expect(sent(pair, 'MIGRATE')).toHaveLength(5)
  })

  it('deletes nothing at a source that does not redirect', async () => {
    const pair = fakePair({'{one}counter': '48', '{one}other': 'v'}, COPY)
    pair.source.script = (command) => {
      if (command[3] !== 'MIGRATING') return undefined
      // A client counts on, from nothing if there is none.
      queueMicrotask(() =>
        pair.source.set('{one}counter', String(Number(pair.source.keys.get('{one}counter') ?? 0) + 1)),
      )
      return '-ERR Target node is not a master'
    }
    await expect(new PairMove(pair.context).run([SLOT])).rejects.toThrow(/does not migrate slot .*not a master/)
    expect(Object.fromEntries(pair.source.keys)).toMatchObject({'{one}other': 'v'})
    expect(Number(pair.source.keys.get('{one}counter'))).toBeGreaterThan(48)
    expect(pair.target.keys.size).toBe(0)
  })

  it('does not redirect for keys that the source does not delete', async () => {
    const pair = fakePair(taggedKeys('one', 3), COPY)
    pair.source.script = (command) =>
      command[0] === 'DEL' ? '-NOREPLICAS Not enough good replicas to write.' : undefined
    pair.target.script = (command) => {
      if (command[0] === 'DEL') expect([...pair.source.migrating]).toEqual([])
      return undefined
    }
    await new PairMove(pair.context).run([SLOT])
    expect(Object.fromEntries(pair.target.keys)).toEqual(taggedKeys('one', 3))
    expect(sent(pair, 'MIGRATE')).toHaveLength(1)
  })

  it('takes copies away again if the source is gone before its switch', async () => {
    const pair = fakePair(KEYS, COPY)
    let lanes = 0
    const openLane = async () => {
      const lane = pair.source.lane()
      const isFirst = lanes++ === 0
      const send: typeof lane.send = async (commands) => {
        if (isFirst) throw new CliError('UNREACHABLE', 'source closed the connection')
        return lane.send(commands)
      }
      return {...lane, send}
    }
    await expect(new PairMove({...pair.context, openLane}).run(SLOTS)).rejects.toThrow(/source closed/)
    const switched = new Set([...pair.source.migrating].flatMap((slot) => pair.target.keysOf(slot)))
    expect([...pair.target.keys.keys()].filter((key) => !switched.has(key))).toEqual([])
    const all = [...pair.source.keys.keys(), ...pair.target.keys.keys()]
    expect(all.sort()).toEqual(Object.keys(KEYS).sort())
  })

  describe('after a run that broke off', () => {
    const reopened = new Set([SLOT])

    it('throws away copies that were not switched: the source has gone on', async () => {
      const pair = fakePair({'{one}1': 'newer'}, {...COPY, reopened})
      pair.target.importing.add(SLOT)
      pair.target.keys.set('{one}1', 'older')
      pair.target.keys.set('{one}deleted since', 'v')
      await new PairMove(pair.context).run([SLOT])
      expect(Object.fromEntries(pair.target.keys)).toEqual({'{one}1': 'newer'})
    })

    it('keeps what was switched after the source was last observed', async () => {
      const pair = fakePair({}, {...COPY, reopened})
      pair.source.migrating.add(SLOT)
      pair.target.importing.add(SLOT)
      pair.target.keys.set('{one}1', 'all there is')
      await new PairMove(pair.context).run([SLOT])
      expect(Object.fromEntries(pair.target.keys)).toEqual({'{one}1': 'all there is'})
    })

    it('touches nothing while a switch may still be under way', async () => {
      const pair = fakePair({'{one}1': 'v'}, {...COPY, reopened, canSwitch: false, isFenced: false})
      pair.target.importing.add(SLOT)
      pair.target.keys.set('{one}1', 'v')
      await expect(new PairMove(pair.context).run([SLOT])).rejects.toMatchObject({code: 'PREFLIGHT_FAILED'})
      expect([pair.source.keys.size, pair.target.keys.size, pair.source.migrating.size]).toEqual([1, 1, 0])
    })

    it('keeps what is past the switch: the target has gone on', async () => {
      const pair = fakePair({'{one}2': 'v'}, {...COPY, reopened, midway: new Set([SLOT])})
      pair.source.migrating.add(SLOT)
      pair.target.importing.add(SLOT)
      pair.target.keys.set('{one}1', 'written there')
      await new PairMove(pair.context).run([SLOT])
      expect(Object.fromEntries(pair.target.keys)).toEqual({'{one}1': 'written there', '{one}2': 'v'})
    })
  })
})
