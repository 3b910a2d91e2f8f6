import {describe, expect, it} from 'vitest'
import type {NodeView} from '../../../../src/lib/model/cluster-view.js'
import {bigKeyBytes, judgeBigKeys, judgeFunctions, judgeMove} from '../../../../src/lib/plan/moves/move-verdict.js'
import {payloadVersionOf} from '../../../../src/lib/plan/moves/payload-versions.js'
import {moveDocument} from '../../../../src/lib/plan/moves/reshard-document.js'
import {buildView, change, idOf, type NodeSpec, type Seen, SIX} from '../../model/build-view.js'

const MOVE = {from: idOf('a'), to: idOf('b'), slots: [{first: 0, last: 99}]}

function judge(
  changes: Readonly<Record<string, Partial<NodeSpec>>>,
  {
    keys = 1000,
    sees = {},
    moves = [MOVE],
  }: {keys?: number; sees?: Readonly<Record<string, Seen>>; moves?: (typeof MOVE)[]} = {},
) {
  const view = buildView(change(SIX, changes), sees)
  return judgeMove(
    view,
    moveDocument(view, moves, () => keys / 100),
  )
}

/** A source with 1000 keys of 1000 bytes, of which 900 are data. */
const SOURCE = {info: 'used_memory:1000000\r\nused_memory_dataset:900000\r\ndb0:keys=1000,expires=0\r\n'}
const target = (free: number, policy = 'noeviction') => ({
  info: `used_memory:100\r\nmaxmemory:${100 + free}\r\nmaxmemory_policy:${policy}\r\n`,
})

describe('room at the target', () => {
  const cases: [name: string, to: Partial<NodeSpec>, refusals: number, warnings: number][] = [
    ['no limit', {info: 'used_memory:100\r\nmaxmemory:0\r\n'}, 0, 0],
    ['enough', target(1_000_000), 0, 0],
    ['perhaps not enough', target(950_000), 0, 1],
    ['clearly not enough', target(800_000), 1, 0],
    ['not enough for a cache, which evicts', target(800_000, 'allkeys-lru'), 0, 1],
    [
      'enough beside the buffers of replicas',
      {
        info: 'used_memory:1000000\r\nmaxmemory:1900000\r\nmaxmemory_policy:noeviction\r\nmem_not_counted_for_evict:200000\r\n',
      },
      0,
      0,
    ],
  ]
  for (const [name, to, refusals, warnings] of cases) {
    it(`judges ${name}`, () => {
      const verdict = judge({a: SOURCE, b: to})
      expect([verdict.refusals.length, verdict.warnings.length]).toEqual([refusals, warnings])
      for (const text of [...verdict.refusals, ...verdict.warnings]) expect(text).toContain('below maxmemory')
    })
  }

  it('believes less of the estimate where a node does not tell what its data take', () => {
    const source = {info: 'used_memory:1000000\r\ndb0:keys=1000,expires=0\r\n'}
    expect(judge({a: source, b: target(800_000)})).toMatchObject({refusals: [], warnings: [expect.any(String)]})
    expect(judge({a: source, b: target(700_000)}).refusals).toHaveLength(1)
  })

  it('counts what leaves the target in the same plan', () => {
    const away = {from: idOf('b'), to: idOf('c'), slots: [{first: 5461, last: 5560}]}
    const full = {info: `${target(400_000).info}used_memory:600100\r\nmaxmemory:1000100\r\ndb0:keys=1000,expires=0\r\n`}
    expect(judge({a: SOURCE, b: full}, {moves: [MOVE]}).refusals).toHaveLength(1)
    expect(judge({a: SOURCE, b: full}, {moves: [MOVE, away]}).refusals).toEqual([])
  })
})

describe('versions', () => {
  const version = (text: string) => ({info: `redis_version:${text}\r\n`})
  const valkey = (text: string) => ({info: `redis_version:7.2.4\r\nvalkey_version:${text}\r\n`})
  const payloads: [info: {info: string}, payload: number | undefined][] = [
    [version('6.2.14'), 9],
    [version('7.0.15'), 10],
    [version('7.2.4'), 11],
    [version('7.4.1'), 12],
    [version('8.0.2'), 12],
    [version('8.4.0'), undefined],
    [valkey('7.2.11'), 11],
    [valkey('8.1.4'), 11],
    [valkey('9.0.1'), 80],
    [valkey('10.0.0'), undefined],
    [{info: 'redis_version:\r\n'}, undefined],
  ]
  for (const [spec, payload] of payloads) {
    it(`knows the payload of ${JSON.stringify(spec.info)}`, () => {
      const node = buildView(change(SIX, {a: spec})).nodes[0] as NodeView
      expect(payloadVersionOf(node)).toBe(payload)
    })
  }

  const moves: [from: {info: string}, to: {info: string}, refused: boolean, warned: boolean][] = [
    [version('7.0.15'), version('7.0.15'), false, false],
    [version('7.2.4'), version('7.0.15'), true, false],
    [version('7.0.15'), version('7.2.4'), false, false],
    [version('7.4.0'), valkey('8.1.4'), true, false],
    [version('7.4.0'), valkey('9.0.1'), true, false],
    [version('7.2.4'), valkey('9.0.1'), false, false],
    [valkey('9.0.1'), valkey('8.1.4'), true, false],
    [version('8.4.1'), version('8.4.0'), false, true],
    [version('8.4.0'), version('8.4.1'), false, false],
  ]
  for (const [from, to, refused, warned] of moves) {
    it(`judges a move from ${JSON.stringify(from.info)} to ${JSON.stringify(to.info)}`, () => {
      const verdict = judge({a: from, b: to})
      expect([verdict.refusals.length, verdict.warnings.length]).toEqual([Number(refused), Number(warned)])
      for (const text of verdict.refusals) expect(text).toContain('does not understand keys')
    })
  }

  it('lets empty slots go anywhere', () => {
    expect(judge({a: version('7.2.4'), b: version('7.0.15')}, {keys: 0}).refusals).toEqual([])
  })
})

describe('links, functions, big keys', () => {
  it('warns of ends that do not hear of each other', () => {
    const {warnings} = judge({}, {keys: 0, sees: {b: {a: {link: 'disconnected'}}}})
    expect(warnings).toEqual([
      '10.0.0.2:7001 (bbbbbbbb) holds no bus link to 10.0.0.1:7000 (aaaaaaaa) (bus port 17000)',
    ])
  })

  it('warns of libraries that the target lacks, and not of those nobody tells of', () => {
    const view = buildView(SIX)
    const plan = moveDocument(view, [MOVE])
    const libraries = (at: Readonly<Record<string, string[]>>) =>
      new Map(Object.entries(at).map(([name, libs]) => [idOf(name), libs]))
    expect(judgeFunctions(view, plan, libraries({a: ['x', 'y'], b: ['y']}))[0]).toContain(
      '10.0.0.2:7001 (bbbbbbbb) lacks',
    )
    expect(judgeFunctions(view, plan, libraries({a: ['x'], b: ['x', 'y']}))).toEqual([])
    expect(judgeFunctions(view, plan, libraries({a: ['x']}))).toEqual([])
  })

  it('names the biggest keys, and counts the rest', () => {
    const node = buildView(SIX).nodes[0] as NodeView
    expect(bigKeyBytes(2000)).toBe(100_000_000)
    expect(judgeBigKeys(node, [], 2000)).toEqual([])
    const keys = [1, 5, 3, 2].map((size) => ({key: `"k${size}"`, slot: size, bytes: size * 1e9}))
    const [warning] = judgeBigKeys(node, keys, 2000)
    expect(warning).toContain('"k5" in slot 5 (5000000000 bytes), "k3" in slot 3')
    expect(warning).toContain('and 1 more')
    expect(warning).not.toContain('"k1"')
  })
})
