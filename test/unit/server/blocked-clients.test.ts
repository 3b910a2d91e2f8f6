import {beforeEach, describe, expect, it} from 'vitest'
import {seededRng} from '../../../src/lib/kernel/rng.js'
import {hashSlot} from '../../../src/lib/protocol/hash-slot.js'
import type {Client} from '../../../src/lib/server/client.js'
import type {ClusterBinding} from '../../../src/lib/server/cluster/api.js'
import {DeadlineHeap, type Timed} from '../../../src/lib/server/deadline-heap.js'
import {Rig} from './rig.js'

const NIL = '*-1\r\n'
const popped = (key: string, text: string): string => `*2\r\n$${key.length}\r\n${key}\r\n$${text.length}\r\n${text}\r\n`

let rig: Rig
let writer: Client
let waiter: Client

beforeEach(() => {
  rig = new Rig()
  writer = rig.connect()
  waiter = rig.connect()
})

/** Moves the clock and lets the periodic work run. */
function pass(ms: number): void {
  rig.nowMs += ms
  rig.server.cron(rig.nowMs)
}

describe('blocked clients', () => {
  it('end in time, and ask for a timer of their own when they come first', () => {
    const asked: number[] = []
    rig.server.blocked.onDeadline = (atMs) => asked.push(atMs - rig.nowMs)
    const second = rig.connect()
    expect(rig.run(waiter, 'BLPOP k 2')).toBe('')
    expect(rig.run(second, 'BLPOP k 0.5')).toBe('')
    expect(asked).toEqual([2000, 500])
    pass(499)
    expect(rig.turn(second)).toBe('')
    pass(1)
    expect(rig.turn(second)).toBe(NIL)
    expect(asked.at(-1)).toBe(1500)
    pass(1500)
    expect(rig.turn(waiter)).toBe(NIL)
    expect(rig.server.blocked.count).toBe(0)
  })

  it('leave no deadline behind when they are served or gone', () => {
    for (let i = 0; i < 100; i++) {
      rig.run(waiter, 'BLPOP k 1000')
      rig.run(writer, 'RPUSH k x')
      expect(rig.turn(waiter)).toBe(popped('k', 'x'))
    }
    rig.run(waiter, 'BLPOP k 1000')
    expect(rig.server.blocked.countTimed).toBe(1)
    rig.server.removeClient(waiter)
    expect(rig.server.blocked.countTimed).toBe(0)
    expect(rig.run(writer, 'RPUSH k x', 'LLEN k')).toBe(':1\r\n:1\r\n')
  })

  it('are served by a command that was held back itself', () => {
    rig.run(waiter, 'BLPOP k 0')
    rig.server.pause(rig.nowMs + 50, true)
    expect(rig.run(writer, 'RPUSH k x')).toBe('')
    pass(60)
    expect(rig.turn(writer)).toBe(':1\r\n')
    expect(rig.turn(waiter)).toBe(popped('k', 'x'))
  })

  it('wait while MIGRATE is at a key they would write to', () => {
    const holder = rig.connect()
    rig.run(waiter, 'BLMOVE a b LEFT LEFT 0')
    rig.server.holdKeys(holder, rig.server.databases[0]!, ['b'])
    expect(rig.run(writer, 'RPUSH a x')).toBe(':1\r\n')
    expect(rig.turn(waiter)).toBe('')
    rig.server.releaseKeys(holder)
    pass(100)
    expect(rig.turn(waiter)).toBe('$1\r\nx\r\n')
  })

  it('keep the order in which events are told', () => {
    const events: string[] = []
    rig.server.state.notifyMask = -1
    rig.server.state.onEvent = (_kind, event, key) => events.push(`${event} ${key}`)
    rig.run(waiter, 'BLPOP q 0')
    const mover = rig.connect()
    rig.run(mover, 'BLMOVE s q LEFT LEFT 0')
    rig.run(writer, 'RPUSH s 1 2')
    expect(events.filter((event) => !event.startsWith('new'))).toEqual([
      'rpush s',
      'lpush q',
      'lpop s',
      'lpop q',
      'del q',
    ])
  })

  it.each([
    ['XREAD BLOCK 0 STREAMS k 9', 'XADD k 1-1 a b', 'SET k x PXAT 1', 'expired k'],
    ['BLPOP k 0', 'XADD k 1-1 a b', 'SET k x PXAT 1', 'expire k'],
    ['BLPOP k 0', 'SET k y', 'SET k x PXAT 1', 'expire k'],
    ['BLPOP k 0', 'PING', 'SET k x PXAT 1', 'expire k'],
    ['BLPOP k 0', 'ZADD k 1 a', 'SET k x PXAT 1', 'expire k'],
  ])('look a key up that took the place of a stream: %s, %s, %s', (wait, before, write, lastEvent) => {
    const events: string[] = []
    rig.server.state.notifyMask = -1
    rig.server.state.onEvent = (_kind, event, key) => events.push(`${event} ${key}`)
    expect(rig.run(waiter, wait)).toBe('')
    rig.run(writer, before, write)
    expect(events.at(-1)).toBe(lastEvent)
    expect(rig.turn(waiter)).toBe('')
  })

  it('do not slow down each push by their number', () => {
    let served = 0
    const wait = {
      deadlineMs: 0,
      db: rig.server.databases[0]!,
      keys: ['k'],
      needsKey: true,
      timeOut: () => undefined,
      type: 'list' as const,
    }
    for (let i = 0; i < 50; i++) {
      const serve = (): boolean => {
        served++
        return rig.server.databases[0]!.delete('k')
      }
      rig.server.blocked.block(rig.connect(), {...wait, serve})
    }
    rig.run(writer, 'RPUSH k x')
    expect(served).toBe(1)
  })
})

/** What waiting clients are judged by. */
interface Fate {
  stateOk: boolean
  owner: 'myself' | 'other' | undefined
  importing: boolean
}

describe('blocked clients in a cluster', () => {
  const OTHER = {ip: '10.0.0.2', port: 7002}
  const slot = hashSlot('k')
  let fate: Fate

  beforeEach(() => {
    rig = new Rig('cluster-enabled yes')
    fate = {importing: false, owner: 'myself', stateOk: true}
    const myself = {}
    const core = {
      config: {preferredEndpointType: 'ip'},
      importingFrom: () => (fate.importing ? OTHER : undefined),
      migratingTo: () => undefined,
      myself,
      ownerOf: () => (fate.owner === 'myself' ? myself : fate.owner && OTHER),
      serves: new Uint8Array(16384).fill(1),
      get stateOk() {
        return fate.stateOk
      },
    }
    rig.server.cluster = {core, perform: () => undefined} as unknown as ClusterBinding
    waiter = rig.connect()
    rig.run(waiter, 'BLPOP k 0')
  })

  it.each<[string, Partial<Fate>, string]>([
    ['wait while nothing changes', {}, ''],
    ['go where the slot went', {owner: 'other'}, `-MOVED ${slot} 10.0.0.2:7002\r\n`],
    ['wait for a slot on its way here', {importing: true, owner: 'other'}, ''],
    ['are told of a slot without owner', {owner: undefined}, '-CLUSTERDOWN Hash slot not served\r\n'],
    ['are told that the cluster is down', {stateOk: false}, '-CLUSTERDOWN The cluster is down\r\n'],
  ])('%s', (_name, change, expected) => {
    Object.assign(fate, change)
    pass(100)
    expect(rig.turn(waiter)).toBe(expected)
    expect(rig.server.blocked.count).toBe(expected === '' ? 1 : 0)
    expect(waiter.closing).toBe(false)
  })

  it('are dropped by a replica', () => {
    rig.server.replication.follow({host: '10.0.0.2', port: 7002})
    expect(rig.turn(waiter)).toBe(
      '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n',
    )
    expect(rig.server.blocked.count).toBe(0)
    expect(waiter.closing).toBe(true)
  })
})

describe('deadline heap', () => {
  it('gives the earliest, whatever is added and removed', () => {
    const rng = seededRng(3)
    const heap = new DeadlineHeap<Timed>()
    let all: Timed[] = []
    for (let order = 0; order < 2000; order++) {
      if (rng.chance(0.6)) {
        const item = {deadlineMs: rng.below(100), heapIndex: -1, order}
        all.push(item)
        heap.add(item)
      } else if (all.length > 0) {
        const gone = rng.pick(all)
        heap.remove(gone)
        heap.remove(gone)
        all = all.filter((one) => one !== gone)
      }
      all.sort((a, b) => a.deadlineMs - b.deadlineMs || a.order - b.order)
      expect(heap.first).toBe(all[0])
      expect(heap.size).toBe(all.length)
    }
  })
})
