import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {BusBody, BusHeader} from '../../../../src/lib/protocol/bus/message.js'
import {parseNodesConf} from '../../../../src/lib/server/cluster/nodes-conf.js'
import {ClusterRefusal} from '../../../../src/lib/server/cluster/types.js'
import {header, START_MS, TestNode} from './support.js'

/**
 * Whatever well-formed packets say, in whatever order, mixed with commands and broken links: the core never throws, its
 * tables stay consistent, and what it would write to nodes.conf always loads.
 */
const NAMES = ['a', 'b', 'c', 'd', 'e']
const id = fc.constantFrom(...NAMES).map((name) => name.repeat(40))
const slotList = fc.array(fc.integer({min: 0, max: 40}), {maxLength: 12})
const epoch = fc.nat(6)
const flags = fc.nat(1023)

function bits(slots: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2048)
  for (const slot of slots) bytes[slot >> 3] = (bytes[slot >> 3] as number) | (1 << (slot & 7))
  return bytes
}

/** As in a header, with slots as a list, so that a counterexample can be read. */
type Changes = Omit<Partial<BusHeader>, 'slots'> & {readonly slots: readonly number[]}

const changes: fc.Arbitrary<Changes> = fc.record({
  currentEpoch: epoch,
  configEpoch: epoch,
  flags,
  slots: slotList,
  replicaOf: fc.oneof(fc.constant(''), id),
  ip: fc.constantFrom('', '10.0.0.1', '10.0.0.2'),
  port: fc.constantFrom(7001, 7002),
  messageFlags: fc.nat(3),
})

const gossip = fc.record({
  id,
  pingSentSec: fc.nat(2),
  pongReceivedSec: fc.integer({min: START_MS / 1000 - 5, max: START_MS / 1000 + 5}),
  ip: fc.constantFrom('', '10.0.0.1', '10.0.0.2'),
  port: fc.constantFrom(0, 7001, 7002),
  busPort: fc.constantFrom(0, 17001, 17002),
  flags,
  plainPort: fc.constant(0),
})

const body: fc.Arbitrary<BusBody> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('ping' as const, 'pong' as const, 'meet' as const),
      gossip: fc.array(gossip, {maxLength: 4}),
      extensions: fc.oneof(
        fc.constant([]),
        id.map((forgotten) => [{kind: 'forgotten-node' as const, id: forgotten, ttlSec: 3}]),
        fc.constant([{kind: 'hostname' as const, hostname: 'h.example'}]),
      ),
    }),
  },
  id.map((failed) => ({type: 'fail' as const, failed})),
  fc.record({type: fc.constant('update' as const), id, configEpoch: epoch, slots: slotList.map(bits)}),
  fc.record({type: fc.constantFrom('auth-request' as const, 'auth-ack' as const, 'mfstart' as const)}),
)

type Step =
  | {
      readonly do: 'packet'
      readonly from: string
      readonly on: number
      readonly changes: Changes
      readonly body: BusBody
    }
  | {readonly do: 'tick'; readonly ms: number}
  | {readonly do: 'open' | 'close'; readonly on: number}
  | {readonly do: 'accept'}
  | {readonly do: 'command'; readonly which: number; readonly id: string; readonly slot: number}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({do: fc.constant('packet' as const), from: id, on: fc.nat(9), changes, body}),
  },
  {weight: 2, arbitrary: fc.record({do: fc.constant('tick' as const), ms: fc.constantFrom(100, 1000, 4100)})},
  fc.record({do: fc.constantFrom('open' as const, 'close' as const), on: fc.nat(9)}),
  fc.constant({do: 'accept' as const}),
  fc.record({do: fc.constant('command' as const), which: fc.nat(9), id, slot: fc.nat(40)}),
)

class Fuzzed {
  readonly node = new TestNode(7000)
  private readonly links: number[] = []
  private nowMs = START_MS
  private accepted = -1
  private saved = ''

  constructor() {
    this.node.core.start()
    this.node.core.addSlots([0, 1, 2, 3])
    this.node.keys.set(1, 1)
  }

  run(one: Step): void {
    const {core} = this.node
    const link = 'on' in one ? this.links[one.on % Math.max(1, this.links.length)] : undefined
    const ips = {localIp: '10.0.0.9', peerIp: '10.0.0.1'}
    switch (one.do) {
      case 'packet':
        if (link !== undefined) {
          const message = {header: header(one.from, {...one.changes, slots: bits(one.changes.slots)}), body: one.body}
          this.perform(core.step({kind: 'packet', link, message}, this.nowMs))
        }
        return
      case 'tick':
        this.nowMs += one.ms
        this.perform(core.step({kind: 'tick'}, this.nowMs))
        return
      case 'accept':
        this.links.push(this.accepted)
        this.perform(core.step({kind: 'link-accepted', link: this.accepted--, ...ips}, this.nowMs))
        return
      case 'open':
        if (link !== undefined) this.perform(core.step({kind: 'link-opened', link, ...ips}, this.nowMs))
        return
      case 'close':
        if (link !== undefined) this.perform(core.step({kind: 'link-closed', link}, this.nowMs))
        return
      case 'command':
        this.command(one.which, one.id, one.slot)
    }
  }

  private command(which: number, other: string, slot: number): void {
    const {core} = this.node
    const commands = [
      () => core.meet('10.0.0.1', 7001, 17001),
      () => core.forget(other),
      () => core.addSlots([slot]),
      () => core.delSlots([slot]),
      () => core.setSlotMigrating(slot, other),
      () => core.setSlotImporting(slot, other),
      () => core.setSlotNode(slot, slot % 2 ? other : core.myself.id),
      () => core.replicate(other),
      () => core.reset(slot === 0),
      () => core.bumpEpoch().effects,
    ]
    try {
      this.perform((commands[which] as () => ReturnType<typeof core.meet>)())
    } catch (error) {
      if (!(error instanceof ClusterRefusal)) throw error
    }
  }

  private perform(effects: ReturnType<TestNode['core']['step']>): void {
    const firstSend = effects.findIndex(({kind}) => kind === 'send')
    const save = effects.findIndex(({kind}) => kind === 'save')
    if (save >= 0 && firstSend >= 0) expect(save).toBeLessThan(firstSend)
    for (const effect of effects) {
      if (effect.kind === 'dial') this.links.push(effect.link)
      if (effect.kind === 'delete-slot-keys') for (const slot of effect.slots) this.node.keys.delete(slot)
      if (effect.kind === 'empty-database') this.node.keys.clear()
      if (effect.kind === 'save') this.saved = this.node.core.renderNodesConf()
    }
    if (this.saved !== '') parseNodesConf(this.saved)
  }

  /** @throws naming the first rule that does not hold */
  check(): void {
    const {core} = this.node
    const must = (holds: boolean, what: string) => {
      if (!holds) throw new Error(`${what}\n${core.renderNodesConf()}`)
    }
    must(parseNodesConf(core.renderNodesConf()).currentEpoch === core.currentEpoch, 'nodes.conf has the current epoch')
    must(core.nodes.get(core.myself.id) === core.myself, 'myself is in the table')
    for (const [key, node] of core.nodes) {
      must(node.id === key, 'the key of the table is the id')
      must(node.configEpoch <= core.currentEpoch, 'no config epoch above the current epoch')
      must(!node.primary || core.nodes.get(node.primary.id) === node.primary, 'primaries are known')
      must(!node.link || core.links.get(node.link.id) === node.link, 'links are known')
      must(!node.isReplica || node.slots.count === 0, 'replicas own no slots')
      must(!(node.isReplica && node.isPrimary), 'a node has one role')
    }
    for (let slot = 0; slot < 50; slot++) {
      const owner = core.ownerOf(slot)
      must(!owner || core.nodes.get(owner.id) === owner, 'owners are known')
      for (const node of core.nodes.values()) must(node.slots.has(slot) === (node === owner), 'one owner per slot')
      const mine = owner === core.myself && core.stateOk && !core.migratingTo(slot) && !core.importingFrom(slot)
      must(core.serves[slot] === (mine ? 1 : 0), `serves of ${slot}`)
    }
  }
}

describe('any sequence of packets, links and commands', () => {
  it('never throws and leaves the tables consistent', () => {
    fc.assert(
      fc.property(fc.array(step, {minLength: 5, maxLength: 60}), (steps) => {
        const fuzzed = new Fuzzed()
        for (const one of [
          {do: 'accept'} as const,
          {do: 'command', which: 0, id: 'a'.repeat(40), slot: 0} as const,
          ...steps,
        ]) {
          fuzzed.run(one)
          fuzzed.check()
        }
      }),
      {numRuns: 800},
    )
  })
})
