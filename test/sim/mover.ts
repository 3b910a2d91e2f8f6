import {type Reply, runAdmin, runMigrate} from './commands.js'
import {type Job, sleep, withTimeout} from './coroutine.js'
import {runServerCommand} from './server-commands.js'
import type {SimNode} from './sim-node.js'
import {CLIENT_MACHINE, type World} from './world.js'

const STEP_TIMEOUT_MS = 2500
const RETRY_MS = 200

export interface MoveRequest {
  readonly slot: number
  readonly from: SimNode
  readonly to: SimNode
  /** Without the epoch barrier and without looking at what the target really owns: the order that loses keys. */
  readonly careless?: boolean
}

/** What an operator reads from CLUSTER NODES and INFO. */
interface Sight {
  readonly id: string
  readonly currentEpoch: number
  readonly configEpoch: number
  readonly owner: string | undefined
  /** Of every primary it knows: id -> configEpoch. */
  readonly epochs: ReadonlyMap<string, number>
  readonly isPrimary: boolean
}

/**
 * Moves slots with their keys in Shoal's order, patiently: every step is repeated until it is answered, so a move that
 * began is finished once the network lets it. One move at a time per pair of nodes; a journal that survives everything.
 *
 *   barrier -> target IMPORTING -> source MIGRATING -> keys until none -> NODE on target -> source -> others
 *
 * SAVECONFIG makes the state of source and target durable before the next step relies on it.
 *
 * The barrier: every node answers; nobody knows an epoch greater than the target's current one; no two primaries share
 * a configEpoch (else the loser's coming bump may overtake the target's).
 */
export class Mover {
  /** Moves that began and have not ended. */
  open = 0
  finished = 0
  private readonly locked = new Set<SimNode>()

  constructor(
    private readonly world: World,
    private readonly keysPerMigrate: number,
  ) {}

  /** Nobody bumps amid a reshard, nor before the last epochs have spread: a primary that does takes its slots back. */
  get mayBump(): boolean {
    const {nodes} = this.world
    if (this.open > 0 || nodes.some((node) => !node.running)) return false
    const sights = nodes.map((node) => lookAt(node, 0))
    return sights.every((sight) => isBarrierMet(sights, sight))
  }

  /** True if neither node takes part in another move: a source must not bump while it gives slots away. */
  isFree({from, to}: MoveRequest): boolean {
    return from !== to && !this.locked.has(from) && !this.locked.has(to)
  }

  *move(request: MoveRequest): Job {
    const {from, to} = request
    this.locked.add(from).add(to)
    this.open++
    this.world.note(`move slot ${request.slot} n${from.index} -> n${to.index}`)
    const isAtomic = this.world.options.atomicMoves === true
    const moved = request.careless
      ? yield* this.moveCarelessly(request)
      : yield* isAtomic ? this.moveAtomically(request) : this.moveSafely(request)
    this.open--
    if (moved) this.finished++
    this.world.note(`slot ${request.slot} ${moved ? 'is' : 'was not'} moved n${from.index} -> n${to.index}`)
    this.locked.delete(from)
    this.locked.delete(to)
  }

  private *moveSafely(request: MoveRequest): Job<boolean> {
    const {from, to} = request
    for (;;) {
      const sights = yield* this.observe(request)
      const source = sights?.get(from)
      const target = sights?.get(to)
      if (!sights || !source || !target) {
        yield* sleep(this.world.queue, RETRY_MS)
        continue
      }
      if (target.owner === target.id) {
        if (yield* this.announce(request)) return true
        continue
      }
      // The target lost power before its gain was durable, after the source had heard of it: nobody has the slot.
      if (source.owner === target.id) {
        yield* this.admin(to, (core) => core.setSlotNode(request.slot, to.id))
        continue
      }
      // Somebody else's by now (the plan was made from an old view): not ours to move.
      // And a primary that gave its last slot away has become a replica: nothing can be moved to it.
      if (source.owner !== source.id || !target.isPrimary) return yield* this.giveUp(request)
      if (isBarrierMet(sights.values(), target) && (yield* this.carryOver(request))) continue
      yield* sleep(this.world.queue, RETRY_MS)
    }
  }

  /** The source does it; begun again until the target has the slot, each time behind the barrier. */
  private *moveAtomically(request: MoveRequest): Job<boolean> {
    const {from, slot, to} = request
    for (;;) {
      const source = yield* this.look(from, slot)
      const target = yield* this.look(to, slot)
      if (target?.owner === target?.id && target) return true
      if (source && target) {
        const isElsewhere = source.owner !== source.id && source.owner !== target.id
        if (isElsewhere || !target.isPrimary) return false
        const words = ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', `${slot}`, `${slot}`, 'NODE', target.id]
        const sights = source.owner === source.id ? yield* this.observe(request) : undefined
        if (sights && isBarrierMet(sights.values(), target)) {
          yield* this.ask(from, (done) => runServerCommand(from, words, done))
        }
      }
      yield* sleep(this.world.queue, RETRY_MS)
    }
  }

  private *look(node: SimNode, slot: number): Job<Sight | undefined> {
    const reply = yield* this.ask(node, (done) => done({value: lookAt(node, slot)}))
    return reply && 'value' in reply ? (reply.value as Sight) : undefined
  }

  /** @returns false if a step was refused or not answered: look again */
  private *carryOver(request: MoveRequest): Job<boolean> {
    const {from, slot, to} = request
    // A crash may have left the target with a MIGRATING of an earlier move; IMPORTING would not clear it.
    if (!(yield* this.admin(to, (core) => core.setSlotStable(slot)))) return false
    if (!(yield* this.admin(to, (core) => core.setSlotImporting(slot, from.id)))) return false
    if (!(yield* this.admin(from, (core) => core.setSlotMigrating(slot, to.id)))) return false
    // A source that forgets in a crash that it is giving the slot away takes new keys, and nobody would look for them.
    if (!(yield* this.admin(from, (core) => core.saveConfig()))) return false
    if (!(yield* this.moveKeys(request))) return false
    return yield* this.admin(to, (core) => core.setSlotNode(slot, to.id))
  }

  private *moveCarelessly(request: MoveRequest): Job<boolean> {
    const {from, slot, to} = request
    const toId = to.id
    yield* this.admin(to, (core) => core.setSlotImporting(slot, from.id))
    yield* this.admin(from, (core) => core.setSlotMigrating(slot, toId))
    yield* this.moveKeys(request)
    yield* this.admin(to, (core) => core.setSlotNode(slot, toId))
    yield* this.admin(from, (core) => core.setSlotNode(slot, toId))
    return true
  }

  private *moveKeys({from, slot, to}: MoveRequest): Job<boolean> {
    for (;;) {
      const listed = yield* this.ask(from, (done) => done({value: from.store.keysInSlot(slot, this.keysPerMigrate)}))
      if (!listed || !('value' in listed)) return false
      const keys = listed.value as string[]
      if (keys.length === 0) return true
      const moved = yield* this.ask(from, (done) => runMigrate(this.world, from, to, keys, done))
      if (!moved || !('value' in moved)) return false
    }
  }

  /** The target owns the slot: everybody is told, the source first; it has no keys of it. */
  private *announce({from, slot, to}: MoveRequest): Job<boolean> {
    const toId = to.id
    if (!(yield* this.admin(to, (core) => core.saveConfig()))) return false
    yield* this.admin(from, (core) => core.setSlotNode(slot, toId))
    for (const node of this.world.nodes) {
      if (node === from || node === to) continue
      yield* this.admin(node, (core) => (core.myself.isPrimary ? core.setSlotNode(slot, toId) : []))
    }
    // The target may have lost power between its NODE and the save, and have started again since.
    const seen = yield* this.ask(to, (done) => done({value: lookAt(to, slot).owner}))
    return seen !== undefined && 'value' in seen && seen.value === toId
  }

  private *giveUp({slot, to}: MoveRequest): Job<boolean> {
    yield* this.admin(to, (core) => core.setSlotStable(slot))
    return false
  }

  /** @returns undefined if some node did not answer */
  private *observe(request: MoveRequest): Job<Map<SimNode, Sight> | undefined> {
    const sights = new Map<SimNode, Sight>()
    for (const node of this.world.nodes) {
      const reply = yield* this.ask(node, (done) => done({value: lookAt(node, request.slot)}))
      if (!reply || !('value' in reply)) return undefined
      sights.set(node, reply.value as Sight)
    }
    return sights
  }

  /** Target ids may change when a node loses its disk: they are read when the command runs. */
  private *admin(node: SimNode, run: Parameters<typeof runAdmin>[1]): Job<boolean> {
    const reply = yield* this.ask(node, (done) => runAdmin(node, run, done))
    return reply !== undefined && 'value' in reply
  }

  private *ask(node: SimNode, serve: (done: (reply: Reply) => void) => void): Job<Reply | undefined> {
    return yield* withTimeout<Reply>(this.world.queue, STEP_TIMEOUT_MS, (done) => {
      this.world.call<Reply>(CLIENT_MACHINE, node, STEP_TIMEOUT_MS, serve, done)
    })
  }
}

function lookAt(node: SimNode, slot: number): Sight {
  const core = node.core
  if (!core) throw new Error(`node ${node.index} is asked while down`)
  const primaries = [...core.nodes.values()].filter((known) => known.isPrimary && known.slots.count > 0)
  return {
    configEpoch: core.myself.configEpoch,
    currentEpoch: core.currentEpoch,
    epochs: new Map(primaries.map((known) => [known.id, known.configEpoch])),
    id: core.myself.id,
    isPrimary: core.myself.isPrimary,
    owner: core.ownerOf(slot)?.id,
  }
}

function isBarrierMet(sights: Iterable<Sight>, target: Sight): boolean {
  const newest = new Map<string, number>()
  for (const sight of sights) {
    if (sight.currentEpoch > target.currentEpoch) return false
    for (const [id, epoch] of sight.epochs) newest.set(id, Math.max(epoch, newest.get(id) ?? 0))
  }
  return new Set(newest.values()).size === newest.size
}
