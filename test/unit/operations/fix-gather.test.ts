import {describe, expect, it} from 'vitest'
import type {NodeView} from '../../../src/lib/model/cluster-view.js'
import type {NodeId} from '../../../src/lib/model/node-id.js'
import {gatherKeys} from '../../../src/lib/operations/fix/gather.js'
import {gatherRule, moveRule} from '../../../src/lib/operations/fix/rules.js'
import {KEEPS, type Keep} from '../../../src/lib/operations/journal.js'
import type {RunMoves} from '../../../src/lib/operations/migration/run-moves.js'
import {type BusyKeyRule, OWNER_MOVES} from '../../../src/lib/operations/migration/types.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import {viewOf} from '../plan/view-of.js'
import {fakePair, taggedKeys} from './fake-pair.js'

const TAG = 'one'
const SLOT = hashSlot(TAG)

describe('gatherRule', () => {
  const rules: [keep: Keep | undefined, rule: BusyKeyRule][] = [
    [undefined, {equal: 'drop', different: 'report'}],
    ['owner', {equal: 'drop', different: 'drop'}],
    ['other', {equal: 'drop', different: 'replace'}],
  ]
  for (const [keep, rule] of rules) {
    it(`with --keep ${keep ?? 'left out'}`, () => expect(gatherRule(keep)).toEqual(rule))
  }

  it('never sends a copy that is the same, whoever is to win: the owner, where it goes, may have a newer value by then', () => {
    for (const keep of [undefined, ...KEEPS]) expect(gatherRule(keep).equal).toBe('drop')
  })

  it('lets the same side win as moveRule does, whose owner is at the other end', () => {
    expect(moveRule('owner').different).toBe(gatherRule('other').different)
    expect(moveRule('other').different).toBe(gatherRule('owner').different)
    expect(moveRule(undefined)).toEqual(OWNER_MOVES)
  })
})

describe('gatherKeys', () => {
  const keys = taggedKeys(TAG, 4)
  const [FIRST, SECOND] = Object.keys(keys) as [string, string]

  /** A target that owns the slot, and a source with keys of it. */
  function gathering(kind: 'gather' | 'yield', keep?: Keep) {
    const pair = fakePair(keys)
    if (kind === 'gather') pair.source.owned.delete(SLOT)
    pair.target.owned.add(SLOT)
    const [from, to] = [pair.context.source.id, pair.context.target.id]
    const view = viewOf([{name: 'a'}, {name: 'b', slots: String(SLOT)}])
    const lane = pair.source.lane()
    const wires = {
      node: (id: NodeId) => view.nodes.find((node) => node.id === id) as NodeView,
      endpoint: async (id: NodeId) =>
        id === from ? {...pair.context.source, wire: lane} : {...pair.context.target, wire: pair.target},
      another: async () => lane,
      nodeTimeoutMs: async () => 15_000,
    }
    const run = {
      cluster: {view, options: {timeoutMs: 1000}},
      wires,
      journal: pair.context.journal,
      reopened: new Map(),
      doubts: new Map(),
      unfenced: new Set(),
      options: {
        pace: pair.context.pace,
        migrateTimeoutMs: 1000,
        replace: false,
        transfer: 'migrate',
        retryMs: 200,
        busyKeys: gatherRule(keep),
      },
      emit: pair.context.emit,
      stop: pair.stop.signal,
    } as unknown as Omit<RunMoves, 'moves'>
    return {...pair, gather: () => gatherKeys(run, {kind, from, to, slots: String(SLOT)})}
  }
  const setslots = (log: readonly string[]) => log.filter((line) => line.startsWith('CLUSTER SETSLOT'))

  it('makes a stranger import the slot for the while, and leaves no mark', async () => {
    const {gather, source, target} = gathering('gather')
    expect(await gather()).toBe(4)
    expect([source.keysOf(SLOT), Object.fromEntries(target.keys)]).toEqual([[], keys])
    expect(setslots(source.log)).toEqual([
      `CLUSTER SETSLOT ${SLOT} IMPORTING ${target.id}`,
      `CLUSTER SETSLOT ${SLOT} STABLE`,
    ])
    expect(setslots(target.log)).toEqual([])
  })

  it('makes one that takes itself for the owner hand over, and give up its claim last', async () => {
    const {gather, source, target} = gathering('yield')
    await gather()
    expect(setslots(source.log)).toEqual([
      `CLUSTER SETSLOT ${SLOT} MIGRATING ${target.id}`,
      `CLUSTER SETSLOT ${SLOT} NODE ${target.id}`,
    ])
    expect(source.log.findLastIndex((line) => line.startsWith('MIGRATE'))).toBeLessThan(
      source.log.findIndex((line) => line.includes(' NODE ')),
    )
    expect(source.owned.has(SLOT)).toBe(false)
  })

  it('drops a copy that is the same at the owner, and what clients write there meanwhile stays', async () => {
    const {gather, source, target} = gathering('gather')
    target.set(FIRST, keys[FIRST])
    source.script = (command) => {
      // The two were compared, and were the same; now a client writes.
      if (command[0] === 'DEL' && command.includes(FIRST)) target.set(FIRST, 'newer')
      return undefined
    }
    await gather()
    expect(source.keysOf(SLOT)).toEqual([])
    expect(Object.fromEntries(target.keys)).toEqual({...keys, [FIRST]: 'newer'})
    expect(source.log.filter((line) => line.startsWith('MIGRATE') && line.includes('REPLACE'))).toEqual([])
  })

  it('reports one that differs, touches neither, and leaves no mark', async () => {
    const {gather, source, target} = gathering('gather')
    target.set(SECOND, 'another')
    await expect(gather()).rejects.toMatchObject({code: 'PLAN_PARTIAL', message: expect.stringContaining(SECOND)})
    expect([source.keys.get(SECOND), target.keys.get(SECOND)]).toEqual(['v', 'another'])
    expect(source.importing.has(SLOT)).toBe(false)
  })

  it.each([
    ['owner', 'another'],
    ['other', 'v'],
  ] as const)('lets the side that is kept win: %s', async (keep, winner) => {
    const {gather, source, target} = gathering('gather', keep)
    target.set(SECOND, 'another')
    await gather()
    expect([source.keys.has(SECOND), target.keys.get(SECOND)]).toEqual([false, winner])
  })
})
