import {describe, expect, it} from 'vitest'
import {seededRng} from '../../src/lib/kernel/rng.js'
import {parseSavedEpochs} from './checkers/persistence.js'
import {SimDisk} from './disk.js'
import {EventQueue} from './event-queue.js'
import {type Item, type LinkModel, Network, type Socket} from './network.js'
import {msOf, nodesIn} from './script.js'
import {CALM_LINK} from './world.js'

/** The simulator's own parts: a bug here would hide bugs elsewhere. */

describe('the event queue', () => {
  it('runs by time, and in the order of asking within one instant', () => {
    const queue = new EventQueue()
    const rng = seededRng(1)
    const asked = Array.from({length: 500}, (_, order) => ({atMs: rng.below(20), order}))
    const ran: typeof asked = []
    for (const one of asked) queue.after(one.atMs, () => ran.push(one))
    queue.runUntil(19)
    expect(ran).toEqual([...asked].sort((a, b) => a.atMs - b.atMs || a.order - b.order))
    expect(queue.nowMs).toBe(19)
  })
})

describe('the disk', () => {
  const crashes = (prepare: (disk: SimDisk) => void): Set<string | undefined> => {
    const seen = new Set<string | undefined>()
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimDisk()
      disk.write('f', 'old')
      disk.fsync('f')
      disk.fsyncDir()
      prepare(disk)
      disk.crash(seededRng(seed), 1)
      seen.add(disk.read('f'))
    }
    return seen
  }

  it('tears what was not synced', () => {
    expect(crashes((disk) => disk.write('f', 'new')).size).toBeGreaterThan(2)
  })

  it('keeps what was', () => {
    const synced = crashes((disk) => {
      disk.write('f', 'new')
      disk.fsync('f')
    })
    expect(synced).toEqual(new Set(['new']))
  })

  it('shows either file after write, fsync, rename without fsync of the folder, and only the new one with it', () => {
    const replace = (disk: SimDisk): void => {
      disk.write('t', 'new')
      disk.fsync('t')
      disk.rename('t', 'f')
    }
    expect(crashes(replace)).toEqual(new Set(['old', 'new']))
    const whole = crashes((disk) => {
      replace(disk)
      disk.fsyncDir()
    })
    expect(whole).toEqual(new Set(['new']))
  })

  it('loses data that was renamed into place before it was synced', () => {
    const seen = crashes((disk) => {
      disk.write('t', 'new')
      disk.rename('t', 'f')
      disk.fsyncDir()
    })
    expect(seen).toContain('')
  })
})

interface Pair {
  readonly queue: EventQueue
  readonly network: Network<string>
  readonly received: string[]
  readonly closed: string[]
  readonly dialler: Socket<string>
}

/** Machine 1 dials machine 2, which collects what it reads. */
function connect(model: Partial<LinkModel> = {}, before?: (network: Network<string>) => void): Pair {
  const queue = new EventQueue()
  const network = new Network<string>(queue, seededRng(7), {...CALM_LINK, ...model})
  const received: string[] = []
  const closed: string[] = []
  const read = (item: Item<string>): void => {
    received.push(item.kind === 'bytes' ? item.bytes.toString('latin1') : item.message)
  }
  const accepted = {onClose: () => closed.push('acceptor'), onItem: read, onOpen: () => undefined}
  network.listen('b', 1, {accept: () => accepted, machine: 2})
  before?.(network)
  const own = {onClose: () => closed.push('dialler'), onItem: read, onOpen: () => closed.push('open')}
  const dialler = network.dial(1, 'a', 'b', 1, own)
  queue.runUntil(10)
  return {closed, dialler, network, queue, received}
}

describe('the network', () => {
  it('keeps the order of a stream, whatever it cuts and glues', () => {
    const {dialler, queue, received} = connect({latencyMaxMs: 50, splitChance: 0.8})
    const words = Array.from({length: 100}, (_, index) => `message number ${index};`)
    for (const word of words) dialler.write({bytes: Buffer.from(word), kind: 'bytes'})
    queue.runUntil(10_000)
    expect(received.join('')).toBe(words.join(''))
    expect(received.length).toBeGreaterThan(words.length)
  })

  it('holds what is sent into a cut link and delivers it in order once healed', () => {
    const {dialler, network, queue, received} = connect()
    network.cut(1, 2)
    for (const message of ['one', 'two', 'three']) dialler.write({kind: 'message', message})
    queue.runUntil(5000)
    expect(received).toEqual([])
    network.heal(1, 2)
    queue.runUntil(10_000)
    expect(received).toEqual(['one', 'two', 'three'])
  })

  it('answers a write to a dead process with a reset', () => {
    const {closed, dialler, network, queue} = connect({halfOpenChance: 1})
    network.kill(2)
    queue.runUntil(1000)
    expect(closed).toEqual(['open'])
    dialler.write({kind: 'message', message: 'anybody?'})
    queue.runUntil(2000)
    expect(closed).toEqual(['open', 'dialler'])
  })

  it('refuses by chance, and hangs behind a cut until it heals', () => {
    expect(connect({refuseChance: 1}).closed).toEqual(['dialler'])
    const hanging = connect({}, (network) => network.cut(2, 1))
    hanging.queue.runUntil(900)
    expect(hanging.closed).toEqual([])
    hanging.network.heal(2, 1)
    hanging.queue.runUntil(2000)
    expect(hanging.closed).toEqual(['open'])
  })
})

describe('script lines', () => {
  it('say which nodes they name', () => {
    expect(nodesIn('cut 1->3')).toEqual([1, 3])
    expect(nodesIn('cut 0<->2')).toEqual([2])
    expect(nodesIn('move 5000 ->4')).toEqual([4])
    expect(nodesIn('setslot 2 100 importing 1')).toEqual([2, 1])
    expect(nodesIn('clock 3 -5000 0.001')).toEqual([3])
    expect(nodesIn('write {t1}k2')).toEqual([])
    expect([msOf('6s'), msOf('250ms')]).toEqual([6000, 250])
  })
})

describe('the checkers read nodes.conf on their own', () => {
  it('takes epochs of a primary, none of a replica, and nothing of a torn file', () => {
    const id = 'a'.repeat(40)
    const vars = 'vars currentEpoch 9 lastVoteEpoch 3\n'
    const text = `${id} 1.2.3.4:1@2,host myself,master - 0 0 7 connected 0-5\n${vars}`
    expect(parseSavedEpochs(text)).toEqual({configEpoch: 7, currentEpoch: 9, id, lastVoteEpoch: 3})
    const replica = `${id} 1.2.3.4:1@2 myself,slave ${'b'.repeat(40)} 0 0 7 connected\n${vars}`
    expect(parseSavedEpochs(replica)?.configEpoch).toBeUndefined()
    expect(parseSavedEpochs(text.slice(0, -20))).toBeUndefined()
    expect(parseSavedEpochs('\0'.repeat(100))).toBeUndefined()
  })
})
