import {describe, expect, it, vi} from 'vitest'
import {CliError} from '../../../src/lib/kernel/errors.js'
import {PairMove} from '../../../src/lib/operations/migration/pair.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {expectMoved, failureOf, fakePair, KEYS, type Script, SLOTS, TAGS, taggedKeys} from './fake-pair.js'

/** Answers `text` the first `times` times that a command matches. */
function first(times: number, matches: RegExp, text: string): Script {
  let left = times
  return (command) => (matches.test(command.join(' ')) && left-- > 0 ? text : undefined)
}

describe('PairMove', () => {
  it('moves all keys and hands over every slot', async () => {
    const pair = fakePair(KEYS)
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result).toEqual({keys: 150, done: SLOTS, failed: []})
    expectMoved(pair)
  })

  it('keeps the order: target imports, source migrates, keys, then target, then source takes note', async () => {
    const pair = fakePair(KEYS)
    const steps: string[] = []
    const slot = String(SLOTS[0])
    pair.target.script = (command) => void (command.includes(slot) && steps.push(`target ${command[3]}`))
    pair.source.script = (command) => void (command.includes(slot) && steps.push(`source ${command[3]}`))
    await new PairMove(pair.context).run(SLOTS.slice(0, 1))
    expect(steps.filter((step) => !/\d|undefined/.test(step))).toEqual([
      'target IMPORTING',
      'source MIGRATING',
      'target NODE',
      'source NODE',
    ])
  })

  it('takes a window with two broadcasts, the last of which tells of all its slots', async () => {
    const pair = fakePair(KEYS, {pace: {maxBlockMs: 20, windowSlots: 64}})
    await new PairMove(pair.context).run(SLOTS)
    expect(pair.target.broadcasts).toBe(2)
    expect(pair.target.log.filter((line) => / SETSLOT .* (NODE|STABLE)/.test(line)).at(-1)).toContain(
      ` ${SLOTS.at(-1)} NODE`,
    )
    expectMoved(pair)
  })

  it('writes a window down before it opens and after it is handed over', async () => {
    const pair = fakePair(KEYS)
    let openedBefore = true
    pair.target.script = (command) => {
      if (command[3] === 'IMPORTING') openedBefore &&= pair.records.some(([what]) => what === 'opening')
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expect(openedBefore).toBe(true)
    expect(pair.records.map(([what]) => what).sort()).toEqual(['done', 'done', 'done', 'opening', 'opening', 'opening'])
  })

  it('moves keys that are not text', async () => {
    const keys = {'{one}\0\r\n\xff': 'a\0b', '{one}$5\r\n': '\xfe'}
    const pair = fakePair(keys)
    await new PairMove(pair.context).run([hashSlot('{one}')])
    expect(Object.fromEntries(pair.target.keys)).toEqual(keys)
  })

  it('moves a slot with more keys than one list holds', async () => {
    const keys = taggedKeys('one', 1700)
    const pair = fakePair(keys)
    const result = await new PairMove(pair.context).run([hashSlot('one')])
    expect(result.keys).toBe(1700)
    expect(Object.fromEntries(pair.target.keys)).toEqual(keys)
  })

  it.each([
    ['TRYAGAIN', '-ERR Target instance replied with error: TRYAGAIN Multiple keys request during rehashing of slot'],
    ['a hiccup of the link', '-IOERR error or timeout writing to target instance'],
    ['CLUSTERDOWN', '-CLUSTERDOWN The cluster is down'],
    ['a target that loads', '-ERR Target instance replied with error: LOADING Redis is loading'],
  ])('asks again after %s', async (_, text) => {
    const pair = fakePair(KEYS)
    pair.source.script = first(3, /^MIGRATE/, text)
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result.failed).toEqual([])
    expectMoved(pair)
  })

  it('gives up on what does not pass, and leaves the slot open', async () => {
    const pair = fakePair(KEYS)
    pair.source.script = first(Number.POSITIVE_INFINITY, /^MIGRATE/, '-IOERR error or timeout connecting to the client')
    const error = await failureOf(new PairMove(pair.context).run(SLOTS))
    expect(error.code).toBe('PLAN_PARTIAL')
    expect(error.message).toMatch(/from source to target: IOERR/)
    expect(pair.source.migrating.size).toBeGreaterThan(0)
    expect(pair.source.keys.size).toBe(150)
  })

  it('does not wait for a target that is gone', async () => {
    const pair = fakePair(KEYS, {retryMs: 60_000})
    pair.source.script = first(Number.POSITIVE_INFINITY, /^MIGRATE/, '-IOERR error or timeout connecting to the client')
    const answer = pair.target.send.bind(pair.target)
    pair.target.send = async (commands) => {
      if (commands[0]?.[0] === 'PING') throw new CliError('UNREACHABLE', 'target closed the connection')
      return answer(commands)
    }
    const error = await failureOf(new PairMove(pair.context).run(SLOTS))
    expect(error.code).toBe('UNREACHABLE')
  })

  it('finishes the open slots beside one that fails, and opens no more', async () => {
    const pair = fakePair(KEYS)
    const bad = TAGS.find((tag) => hashSlot(tag) === SLOTS[0]) as string
    pair.source.script = (command) =>
      command[0] === 'MIGRATE' && command.at(-1)?.startsWith(`{${bad}}`)
        ? '-ERR Target instance replied with error: OOM'
        : undefined
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result.failed.map(({message}) => message)).toEqual([expect.stringMatching(/^slot \d+ .*OOM$/)])
    // Two slots to a window; the second window was open already when the first failed.
    expect(result.done).toEqual(SLOTS.slice(1, 4))
    expect([...pair.source.migrating]).toEqual([SLOTS[0]])
  })

  it('stops at once when the source does not serve a slot any more', async () => {
    const pair = fakePair(KEYS)
    pair.source.script = first(1, /^MIGRATE/, '-MOVED 1 127.0.0.1:7005')
    const error = await failureOf(new PairMove(pair.context).run(SLOTS))
    expect(error.message).toMatch(/no longer serves slot/)
  })

  it.each([
    ['IMPORTING', /does not import slot/],
    ['NODE', /does not take slot/],
  ])('stops when the target refuses %s', async (state, words) => {
    const pair = fakePair(KEYS)
    pair.target.script = first(1, new RegExp(` ${state} `), '-ERR Unknown node')
    const error = await failureOf(new PairMove(pair.context).run(SLOTS))
    expect(error.message).toMatch(words)
  })

  it('knows what it has moved also after a failure', async () => {
    const pair = fakePair(KEYS)
    const last = new RegExp(`SETSLOT ${SLOTS.at(-1)} NODE`)
    pair.target.script = first(1, last, '-ERR Unknown node')
    const move = new PairMove(pair.context)
    await failureOf(move.run(SLOTS))
    expect(move.result).toMatchObject({keys: 150, done: SLOTS.slice(0, 4)})
  })

  it('stops when the target says OK but does not own what it took', async () => {
    const pair = fakePair(KEYS)
    pair.target.script = (command, node) => {
      if (command[1] === 'NODES') node.owned.clear()
      return undefined
    }
    const error = await failureOf(new PairMove(pair.context).run(SLOTS))
    expect(error.message).toMatch(/target does not own slots/)
    expect(error.details['role']).toBe('primary')
  })

  it('tells the source of the new owner only after gossip did', async () => {
    const pair = fakePair(KEYS)
    const {source, target} = pair
    target.listeners.clear()
    let asked = 0
    source.script = (command, node) => {
      // The third look after a window was taken is the first to show that the news came.
      if (command[1] === 'NODES' && target.broadcasts > 0 && ++asked % 3 === 0) {
        for (const slot of target.owned) node.owned.delete(slot)
      }
      if (command[3] === 'NODE') expect(node.owned.has(Number(command[2]))).toBe(false)
      return undefined
    }
    await new PairMove(pair.context).run(SLOTS)
    expect(asked).toBe(9)
    expectMoved(pair)
  })

  it('does not tell a source that gossip does not reach of a target that has lost the slots since', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
    try {
      const pair = fakePair(KEYS)
      pair.target.listeners.clear()
      const failure = failureOf(new PairMove(pair.context).run(SLOTS.slice(0, 1)))
      await vi.advanceTimersByTimeAsync(20_000)
      pair.target.owned.clear()
      await vi.advanceTimersByTimeAsync(11_000)
      expect((await failure).message).toMatch(/target does not own slots/)
      expect(pair.source.owned.has(SLOTS[0] as number)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('tells a source that gossip does not reach, and says so', async () => {
    vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']})
    try {
      const pair = fakePair(KEYS)
      pair.target.listeners.clear()
      const moved = new PairMove(pair.context).run(SLOTS.slice(0, 1))
      await vi.advanceTimersByTimeAsync(29_000)
      expect(pair.source.log.some((line) => line.includes(' NODE '))).toBe(false)
      await vi.advanceTimersByTimeAsync(2000)
      await moved
      expect(pair.source.owned.has(SLOTS[0] as number)).toBe(false)
      expect(pair.events.filter(({event}) => event === 'warning')).toEqual([
        {event: 'warning', message: 'source has not heard from target in 30 s and is told of the new owner'},
      ])
    } finally {
      vi.useRealTimers()
    }
  })

  it('only closes slots that the target owns already', async () => {
    const pair = fakePair({})
    for (const slot of SLOTS) {
      pair.target.owned.add(slot)
      pair.source.owned.delete(slot)
      pair.source.migrating.add(slot)
    }
    const result = await new PairMove(pair.context).run(SLOTS)
    expect(result.done).toEqual(SLOTS)
    expect(pair.source.migrating.size).toBe(0)
    expect(pair.source.log.some((line) => line.startsWith('MIGRATE'))).toBe(false)
  })

  it('finishes what is open after Ctrl-C and opens nothing more', async () => {
    const pair = fakePair(KEYS)
    pair.source.script = (command) => {
      if (command[0] === 'MIGRATE') pair.stop.abort()
      return undefined
    }
    const {done, failed} = await new PairMove(pair.context).run(SLOTS)
    expect(failed).toEqual([])
    expect(done.length).toBeGreaterThan(0)
    expect(done.length).toBeLessThan(SLOTS.length)
    expect([pair.source.migrating.size, pair.target.importing.size]).toEqual([0, 0])
    expect(done.every((slot) => pair.source.keysOf(slot).length === 0)).toBe(true)
  })
})
