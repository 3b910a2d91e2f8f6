import {afterEach, assert, describe, it} from 'vitest'
import {seededRng} from '../../../../../src/lib/kernel/rng.js'
import type {Client} from '../../../../../src/lib/server/client.js'
import {Capture} from '../../../../../src/lib/server/crdt/capture/capture.js'
import {flushSlots} from '../../../../../src/lib/server/crdt/capture/flush.js'
import {Encoder} from '../../../../../src/lib/server/crdt/core/encoder.js'
import {SetValue} from '../../../../../src/lib/server/crdt/core/set-value.js'
import {exchange, type Region, regions} from '../regions.js'
import {makeTyped} from './typed-commands.js'

/** A fault of ours in the midst of capturing a command: where it strikes is counted in calls of some methods. */

type Methods = Record<string, (...args: never[]) => unknown>

const restore: (() => void)[] = []
/** Calls until the fault; below 0: there is none. */
let countdown = -1

afterEach(() => {
  for (const one of restore.splice(0)) one()
  countdown = -1
})

function plant(prototype: object, name: string): void {
  const methods = prototype as Methods
  const original = methods[name]!
  methods[name] = function (this: unknown, ...args: never[]) {
    if (countdown >= 0 && countdown-- === 0) throw new TypeError('a fault of ours')
    return original.apply(this, args)
  }
  restore.push(() => {
    methods[name] = original
  })
}

const INTERNAL = 'ERR internal error, see the log of this node'
const BLOCKS = /^B[LRZ]/

/** What the disk and the replicas of the region have come to. */
function follower(region: Region, one: Region): Region {
  region.server.state.isApplying = true
  for (const argv of one.passed.splice(0)) {
    if (argv[0] === 'CRDT.EFFECT') region.crdt.receive(argv[1]!, true)
  }
  region.server.state.isApplying = false
  return region
}

function requireAlike(all: readonly Region[], said: string): void {
  for (const one of all) assert.deepEqual(one.differences(), [], `region ${one.id} after ${said}`)
  const slot = all[0]!.server.databases[0]!.slotOf('{t}')
  for (const one of all.slice(1)) {
    assert.deepEqual(one.dump(), all[0]!.dump(), said)
    assert.equal(one.crdt.core.digestSlot(slot), all[0]!.crdt.core.digestSlot(slot), said)
  }
}

/** @param methods - that the fault may strike in */
function play(seed: number, methods: readonly (readonly [object, string])[], callsMax: number): number {
  const [here, there, replica] = regions(3, {hincrbyOnFields: true, streamIdMode: 'liberal'}) as [
    Region,
    Region,
    Region,
  ]
  for (const [prototype, name] of methods) plant(prototype, name)
  const rng = seededRng(seed)
  const waiting: Client[] = []
  let failures = 0
  for (let step = 0; step < 220; step++) {
    here.nowMs += 1
    there.nowMs += 1
    const ids = here.do('XRANGE {t}stream:1 - +').match(/\d+-\d+/g) ?? []
    const argv = makeTyped(rng, ids)
    const isAlone = rng.chance(0.7)
    const argvs = isAlone ? [argv] : [['MULTI'], makeTyped(rng, ids), argv, makeTyped(rng, ids), ['EXEC']]
    const client = BLOCKS.test(argv[0]!) ? here.connect() : undefined
    if (client) waiting.push(client)
    countdown = rng.chance(0.5) ? rng.below(callsMax) : -1
    const isPlanned = countdown >= 0
    const replies = argvs.map((each) => here.send(each, client)).join('')
    const all = replies + waiting.map(({reply}) => reply.take()).join('')
    const hasStruck = isPlanned && countdown < 0
    countdown = -1
    const said = `${step}: ${argvs.map((each) => each.join(' ')).join('; ')}`
    assert.equal(all.includes(INTERNAL), hasStruck, said)
    assert.equal(
      here.log.some((line) => line.includes('a fault of ours')),
      hasStruck,
      said,
    )
    if (hasStruck) failures++
    here.log.length = 0
    there.send(makeTyped(rng, ids), there.connect())
    exchange([here, there])
    requireAlike([here, there, follower(replica, here)], said)
  }
  return failures
}

describe('a fault of ours while a command is captured', () => {
  it('in a translator leaves clients, core, other regions and replicas with the same', () => {
    const methods = [
      [Capture.prototype, 'writer'],
      [Capture.prototype, 'look'],
      [Capture.prototype, 'visible'],
    ] as const
    assert.isAbove(play(1, methods, 4), 40)
  })

  it('in the middle of an operation of the core does so, too', () => {
    const methods = [
      [Encoder.prototype, 'text'],
      [Encoder.prototype, 'varint'],
      [Encoder.prototype, 'byte'],
    ] as const
    assert.isAbove(play(2, methods, 30), 40)
  })

  it('costs one command, and not the node: what comes next is captured', () => {
    const [here, there] = regions(2) as [Region, Region]
    here.do('SADD s a')
    plant(SetValue.prototype, 'addOwn')
    for (let times = 0; times < 3; times++) {
      countdown = 0
      assert.equal(here.do('SADD s b'), INTERNAL)
      assert.equal(here.do('SMEMBERS s'), '[a]')
    }
    assert.match(
      here.log[0]!,
      /^warning Bug in the active-active database, capturing 'SADD': TypeError: a fault of ours\n {4}at /,
    )
    assert.equal(here.do('SADD s c'), '1')
    exchange([here, there])
    assert.equal(there.do('SCARD s'), '2')
    assert.isFalse(here.server.state.propagation.isInUnit)
  })

  it('of a command itself undoes what that has done', () => {
    const [here, there] = regions(2) as [Region, Region]
    here.do('RPUSH l a')
    const set = here.server.findCommand(['rpush'])!
    const run = set.run!
    Object.assign(set, {
      run: (...args: Parameters<typeof run>) => {
        run(...args)
        throw new TypeError('a fault of ours')
      },
    })
    assert.equal(here.do('RPUSH l b'), INTERNAL)
    Object.assign(set, {run})
    assert.equal(here.do('LRANGE l 0 -1'), '[a]')
    exchange([here, there])
    assert.deepEqual([...here.differences(), ...there.differences()], [])
    assert.deepEqual(there.dump(), here.dump())
  })

  it('when a slot is emptied leaves no region with what the others have lost', () => {
    const [here, there] = regions(2) as [Region, Region]
    for (const key of ['a', 'b', 'c']) here.do(`SADD {t}${key} x y`)
    exchange([here, there])
    plant(SetValue.prototype, 'resetOwn')
    countdown = 1
    assert.throws(() => flushSlots(here.crdt, [here.server.databases[0]!.slotOf('{t}')]), 'a fault of ours')
    exchange([here, there])
    requireAlike([here, there], 'the flush')
    assert.equal(here.do('DBSIZE'), '1')
  })
})
