import {describe, expect, it} from 'vitest'
import {type Rng, seededRng} from '../../../../src/lib/kernel/rng.js'
import {hashSlot} from '../../../../src/lib/protocol/hash-slot.js'
import {encodeCommand} from '../../../../src/lib/protocol/resp/encode-command.js'
import {keysOf} from '../../../../src/lib/server/dispatcher.js'
import {KeyCommands} from '../../../../src/lib/server/slot-migration/key-commands.js'
import {SlotWalk} from '../../../../src/lib/server/slot-migration/slot-walk.js'
import {Rig} from '../rig.js'

const TAGS = ['{a}', '{b}', '{c}']
const MOVED = [hashSlot('a'), hashSlot('b')]

const keyOf = (rng: Rng): string => `${rng.pick(TAGS)}${rng.below(40)}`

/** A command on one slot, often one that reads other keys or makes new ones of them. */
function command(rng: Rng, nowMs: number): string[] {
  const key = keyOf(rng)
  const other = `${key.slice(0, 3)}${rng.below(40)}`
  const word = `w${rng.below(50)}`
  return rng.pick([
    ['SET', key, word],
    ['SET', key, word, 'PXAT', `${nowMs + 1 + rng.below(500)}`],
    ['APPEND', key, word],
    ['INCR', key],
    ['DEL', key],
    ['DEL', key, other],
    ['DEL', `{c}${rng.below(40)}`, `{c}${rng.below(40)}`, `{c}${rng.below(40)}`],
    ['MSET', ...Array.from({length: 8}, () => [`{c}${rng.below(40)}`, word]).flat()],
    ['MSET', ...Array.from({length: 8}, () => [`${key.slice(0, 3)}${rng.below(40)}`, word]).flat()],
    ['RENAME', key, other],
    ['COPY', key, other, 'REPLACE'],
    ['RPUSH', key, ...Array.from({length: 1 + rng.below(40)}, () => word.repeat(60))],
    ['SADD', key, ...Array.from({length: 400}, (_, i) => `${word}-${i}`.padEnd(300, '.'))],
    ['LPOP', key],
    ['LMOVE', key, other, 'LEFT', 'RIGHT'],
    ['SADD', key, word, `x${word}`],
    ['SUNIONSTORE', key, other, key],
    ['SORT', key, 'ALPHA', 'STORE', other],
    ['ZADD', key, `${rng.below(100)}`, word],
    ['ZUNIONSTORE', key, '2', key, other],
    ['HSET', key, word, 'v'.repeat(rng.below(6000)), `${word}2`, 'v'],
    ['HDEL', key, word],
    ['SETRANGE', key, `${rng.below(300)}`, word],
    ['BITOP', 'NOT', key, other],
    ['XADD', key, '*', 'f', word],
    ['PEXPIREAT', key, `${nowMs + rng.below(2000)}`],
    ['PERSIST', key],
    ['UNLINK', key],
  ])
}

/** All of a slot's keys as they are: value digest and deadline. */
function contentOf(rig: Rig): string[] {
  const client = rig.connect()
  const db = rig.server.databases[0]!
  return MOVED.flatMap((slot) => db.keysInSlot(slot, 1000))
    .sort()
    .map((key) => `${key} ${rig.run(client, `DEBUG DIGEST-VALUE ${key}`, `PEXPIRETIME ${key}`)}`)
}

/** Commands go on while the walk copies; what it and they tell makes the same keys elsewhere. */
function copyUnderChanges(seed: number): {readonly theirs: string[]; readonly ours: string[]} {
  const rng = seededRng(seed)
  const settings = 'cluster-enabled yes\nenable-debug-command yes\nhash-max-listpack-entries 4'
  const [source, target] = [new Rig(settings), new Rig(settings)]
  const [writer, taker] = [source.connect(), target.connect()]
  const change = (): void => {
    const argv = command(rng, source.nowMs)
    const text = encodeCommand(argv)
    writer.feed(Buffer.from(text, 'latin1'), text.length, source.nowMs)
    writer.reply.take()
  }
  for (let i = 0; i < 150; i++) change()
  const told: string[] = []
  const walk = new SlotWalk(
    source.server.databases[0]!,
    MOVED,
    new KeyCommands(source.server, (text) => told.push(text)),
  )
  source.server.state.walks.add(walk)
  source.server.state.propagation.setExports({
    take(argv) {
      const keys = keysOf(source.server.findCommand(argv)!, argv)
      if (keys.length === 0 || !walk.tells(hashSlot(keys[0]!))) return
      for (const key of keys) walk.touch(key)
      told.push(encodeCommand(argv))
    },
  })
  for (let isMore = true; isMore; ) {
    for (let i = rng.below(4); i > 0; i--) change()
    if (rng.chance(0.1)) {
      source.nowMs += rng.below(30)
      source.server.activeExpire(source.nowMs, 100)
    }
    for (let i = rng.below(4); i > 0 && isMore; i--) isMore = walk.step()
  }
  for (let i = 0; i < 30; i++) change()
  target.server.state.isApplying = true
  for (const text of told) {
    taker.feed(Buffer.from(text, 'latin1'), text.length, source.nowMs)
    const reply = taker.reply.take()
    if (reply.startsWith('-')) throw new Error(`${reply} to ${JSON.stringify(text.slice(0, 200))}`)
  }
  target.server.state.isApplying = false
  // What has run out is there until somebody asks; no difference to who cannot see it.
  for (const rig of [source, target]) {
    rig.nowMs = source.nowMs
    while (rig.server.activeExpire(rig.nowMs, 1000));
  }
  return {ours: contentOf(target), theirs: contentOf(source)}
}

describe('SlotWalk', () => {
  it('copies slots while their keys change, come, go, and are made of each other', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const {ours, theirs} = copyUnderChanges(seed)
      expect(ours, `seed ${seed}`).toEqual(theirs)
      expect(theirs.length).toBeGreaterThan(5)
    }
  })

  it('tells nothing of slots that it has not begun, nor of others', () => {
    const rig = new Rig('cluster-enabled yes')
    const client = rig.connect()
    rig.run(client, 'SET {a}1 x', 'SET {b}1 x', 'SET {c}1 x')
    const told: string[] = []
    const walk = new SlotWalk(rig.server.databases[0]!, MOVED, new KeyCommands(rig.server, (text) => told.push(text)))
    expect(MOVED.map((slot) => walk.tells(slot))).toEqual([false, false])
    while (!walk.tells(MOVED[0]!)) walk.step()
    expect(walk.tells(MOVED[1]!)).toBe(false)
    while (walk.step());
    expect(walk.tells(MOVED[1]!)).toBe(true)
    expect(walk.tells(hashSlot('c'))).toBe(false)
    expect(told).toHaveLength(2)
    rig.run(client, 'FLUSHALL')
    expect(walk.isStale).toBe(true)
  })

  it('finishes a large key before it changes, wherever it has moved to meanwhile', () => {
    const rig = new Rig('cluster-enabled yes')
    const client = rig.connect()
    const members = Array.from({length: 1500}, (_, i) => `${i}`.padEnd(100, '.'))
    rig.run(client, 'SET {a}1 x', 'SET {c}1 x', `SADD {a}large ${members.join(' ')}`)
    const told: string[] = []
    const db = rig.server.databases[0]!
    const walk = new SlotWalk(db, [MOVED[0]!], new KeyCommands(rig.server, (text) => told.push(text)))
    rig.server.state.walks.add(walk)
    while (told.length < 3) walk.step()
    rig.run(client, 'DEL {c}1')
    expect(told).toHaveLength(3)
    rig.run(client, 'SREM {a}large none', `SREM {a}large ${members[0]}`)
    const added = told.join('').match(/\.\r\n/g)
    expect(added).toHaveLength(members.length)
  })
})
