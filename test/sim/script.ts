import {parseRanges, slotsOf} from '../../src/lib/model/slot-set.js'
import type {ClusterCore} from '../../src/lib/server/cluster/core.js'
import {type ClusterEffect, ClusterRefusal} from '../../src/lib/server/cluster/types.js'
import type {AppClients} from './app-client.js'
import {campaign} from './candidate.js'
import type {ElectionChecker} from './checkers/elections.js'
import type {PersistenceChecker} from './checkers/persistence.js'
import {spawn} from './coroutine.js'
import type {Mover} from './mover.js'
import {BUS_PORT, CLIENT_PORT} from './sim-bus.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/** What the verbs act on. */
export interface Stage {
  readonly world: World
  readonly app: AppClients
  readonly mover: Mover
  readonly persistence: PersistenceChecker
  /** In worlds with replication. */
  readonly elections: ElectionChecker | undefined
}

/** @returns output, or nothing. @throws Error for a line that cannot be understood */
export type Verb = (stage: Stage, args: readonly string[]) => string | undefined

/**
 * The verbs of scenario scripts, golden and shrunk alike. Nodes are numbers; `1->3` is one direction, `1<->3` both.
 * Admin verbs run at once in the node, as if redis-cli sat beside it.
 */
const VERBS: Readonly<Record<string, Verb>> = {
  addslots: (stage, [node, ranges]) => admin(stage, node, (core) => core.addSlots(slotsIn(ranges))),
  boot: ({world}, nodes) => each(world, nodes, (node) => node.start()),
  // Asked when the command runs, not when it is sent: the node may be frozen in between.
  bump: (stage, [node]) => admin(stage, node, (core) => (stage.mover.mayBump ? core.bumpEpoch().effects : [])),
  calm: ({world}) => quiet(() => world.calm()),
  careless: ({world, mover}, [slot, link]) => startMove(world, mover, slot, link, true),
  campaign: ({world}, [node, epoch, force]) =>
    quiet(() => campaign(world, nodeOf(world, node), epoch === 'same' ? 'same' : 'next', force === 'force')),
  clock: ({world}, [node, offsetMs, drift]) =>
    quiet(() => nodeOf(world, node).clock.set(Number(offsetMs), Number(drift ?? 0))),
  crash: ({world}, nodes) => each(world, nodes, (node) => node.crash(false)),
  'crash-in': ({world}, [node, effects]) =>
    quiet(() => {
      const found = nodeOf(world, node)
      found.crashAtEffect = found.effectCount + Number(effects)
    }),
  cut: ({world}, links) => eachLink(links, (from, to) => world.network.cut(from, to)),
  delslots: (stage, [node, ranges]) => admin(stage, node, (core) => core.delSlots(slotsIn(ranges))),
  epoch: (stage, [node, epoch]) => admin(stage, node, (core) => core.setConfigEpoch(Number(epoch))),
  failover: (stage, [node, mode]) =>
    admin(stage, node, (core) => {
      const effects = core.failover(mode === 'force' || mode === 'takeover' ? mode : 'plain')
      if (mode === 'takeover') stage.world.seizedEpochs.add(core.myself.configEpoch)
      return effects
    }),
  forget: (stage, [node, other]) => admin(stage, node, (core) => core.forget(nodeOf(stage.world, other).id)),
  /** Everybody forgets the ids that no machine bears any more. */
  'forget-lost': (stage) => {
    const ids = new Set(stage.world.nodes.map(({id}) => id))
    for (const {core, index} of stage.world.running) {
      const lost = [...(core?.nodes.values() ?? [])].filter((known) => !ids.has(known.id) && !known.inHandshake)
      for (const {id} of lost) admin(stage, String(index), (forgetting) => forgetting.forget(id))
    }
    return undefined
  },
  freeze: ({world}, nodes) => each(world, nodes, (node) => node.freeze()),
  heal: ({world}, links) =>
    links.length === 0
      ? quiet(() => world.network.healAll())
      : eachLink(links, (from, to) => world.network.heal(from, to)),
  hostname: ({world}, [node, name]) => configure(world, node, {announceHostname: name ?? ''}),
  isolate: ({world}, nodes) =>
    each(world, nodes, ({index}) => {
      for (const other of world.nodes) {
        if (other.index === index) continue
        world.network.cut(index, other.index)
        world.network.cut(other.index, index)
      }
    }),
  meet: (stage, [node, ...others]) => {
    for (const other of others) {
      const refused = admin(stage, node, (core) => core.meet(nodeOf(stage.world, other).ip, CLIENT_PORT, BUS_PORT))
      if (refused !== undefined) return refused
    }
    return undefined
  },
  move: ({world, mover}, [slot, link]) => startMove(world, mover, slot, link, false),
  power: ({world}, nodes) => each(world, nodes, (node) => node.crash(true)),
  read: ({app}, keys) => quiet(() => app.read(keys)),
  nofailover: ({world}, [node, value]) => configure(world, node, {replicaNoFailover: value !== 'no'}),
  readdress: ({world}, [node, ip]) =>
    quiet(() => {
      const found = nodeOf(world, node)
      if (found.running) throw new Error(`node ${node} must be down to get another address`)
      found.ip = ip as string
    }),
  replicate: (stage, [node, other]) => admin(stage, node, (core) => core.replicate(nodeOf(stage.world, other).id)),
  reset: (stage, [node]) => admin(stage, node, (core) => core.reset(false)),
  run: ({world}, [duration]) => quiet(() => world.run(msOf(duration))),
  // What `fix` does for a slot whose owner is out of reach: its new owner takes it with a new epoch.
  saveconfig: (stage, [node]) => admin(stage, node, (core) => core.saveConfig()),
  seize: (stage, [node, ranges]) =>
    admin(stage, node, (core) => {
      if (!stage.mover.mayBump) return []
      const taken = slotsIn(ranges).filter((slot) => core.ownerOf(slot) !== core.myself)
      const bumped = core.bumpEpoch().effects
      const dropped = core.delSlots(taken.filter((slot) => core.ownerOf(slot)))
      return [...bumped, ...dropped, ...core.addSlots(taken), ...core.saveConfig()]
    }),
  setslot: (stage, [node, ranges, action, other]) => {
    const id = other === undefined ? '' : nodeOf(stage.world, other).id
    for (const slot of slotsIn(ranges)) {
      const refused = admin(stage, node, (core) => setSlot(core, slot, action, id))
      if (refused !== undefined) return refused
    }
    return undefined
  },
  slow: ({world}, [link, extraMs]) =>
    eachLink([link as string], (from, to) => world.network.slowDown(from, to, Number(extraMs))),
  /** The data set is saved, as by BGSAVE. */
  snapshot: ({world}, nodes) => each(world, nodes, (node) => node.running && node.replication?.save()),
  start: ({world}, nodes) => each(world, nodes, (node) => node.start()),
  swap: ({world}, [first, second]) =>
    quiet(() => {
      const [a, b] = [nodeOf(world, first), nodeOf(world, second)]
      if (a.running || b.running) throw new Error('nodes must be down to swap their addresses')
      ;[a.ip, b.ip] = [b.ip, a.ip]
    }),
  thaw: ({world}, nodes) => each(world, nodes, (node) => node.thaw()),
  /** The stream to a replica breaks, the bus does not. */
  unlink: ({world}, nodes) => each(world, nodes, (node) => node.replication?.breakLink()),
  wipe: ({world, persistence}, nodes) =>
    each(world, nodes, (node) => {
      if (node.running) node.crash(false)
      node.disk.wipe()
      node.store.clear()
      persistence.onWiped(node)
    }),
  /** SET, then WAIT for every copy. */
  wait: ({app}, keys) => quiet(() => app.write(keys, true)),
  write: ({app}, keys) => quiet(() => app.write(keys)),
}

/** Runs one line. @returns its output, undefined if it has none */
export function runLine(
  stage: Stage,
  line: string,
  extraVerbs: Readonly<Record<string, Verb>> = {},
): string | undefined {
  const [name, ...args] = line.trim().split(/\s+/)
  const verb = VERBS[name as string] ?? extraVerbs[name as string]
  if (!verb) throw new Error(`unknown verb in script: ${line}`)
  stage.world.trace.line(`${stage.world.queue.nowMs.toFixed(1)} > ${line}`)
  return verb(stage, args)
}

/** The numbers of the nodes that a line names, 0 (the clients' machine) left out. */
export function nodesIn(line: string): number[] {
  const [verb, ...args] = line.trim().split(/\s+/)
  const named = verb === 'write' || verb === 'wait' || verb === 'read' || verb === 'run' ? [] : args
  const inLinks = named.flatMap((arg) => /^(\d*)<?->(\d+)$/.exec(arg)?.slice(1) ?? [])
  const plain = ['move', 'careless', 'clock', 'crash-in', 'slow', 'addslots', 'setslot', 'seize', 'epoch'].includes(
    verb as string,
  )
    ? verb === 'move' || verb === 'careless' || verb === 'slow'
      ? []
      : [named[0] as string, ...(verb === 'setslot' ? named.slice(3) : [])]
    : named.filter((arg) => /^\d+$/.test(arg))
  return [...new Set([...inLinks, ...plain].map(Number))].filter((index) => index > 0)
}

/** `6s`, `250ms`. */
export function msOf(duration: string | undefined): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(duration ?? '')
  if (!match) throw new Error(`not a duration: ${duration}`)
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1)
}

function quiet(run: () => void): undefined {
  run()
}

function nodeOf(world: World, text: string | undefined): SimNode {
  return world.node(Number(text))
}

/** @param nodes - `1 3` or `1-4` */
function each(world: World, nodes: readonly string[], run: (node: SimNode) => void): undefined {
  for (const text of nodes) {
    const [first, last = first] = text.split('-').map(Number) as [number, number?]
    for (let index = first; index <= last; index++) run(world.node(index))
  }
}

function eachLink(links: readonly string[], run: (from: number, to: number) => void): undefined {
  for (const link of links) {
    const match = /^(\d+)(<?)->(\d+)$/.exec(link)
    if (!match) throw new Error(`not a link: ${link}`)
    const [from, to] = [Number(match[1]), Number(match[3])]
    run(from, to)
    if (match[2]) run(to, from)
  }
}

/** @returns Redis's error text if it was refused; nothing happens if the node is down */
function admin(
  {world}: Stage,
  text: string | undefined,
  run: (core: ClusterCore) => readonly ClusterEffect[],
): string | undefined {
  const node = nodeOf(world, text)
  let refused: string | undefined
  node.deliver(() => {
    try {
      node.admin(run, () => undefined)
    } catch (error) {
      if (!(error instanceof ClusterRefusal)) throw error
      refused = `n${node.index}: ${error.message}`
    }
  })
  return refused
}

function setSlot(core: ClusterCore, slot: number, action: string | undefined, id: string): ClusterEffect[] {
  switch (action) {
    case 'importing':
      return core.setSlotImporting(slot, id)
    case 'migrating':
      return core.setSlotMigrating(slot, id)
    case 'node':
      return core.setSlotNode(slot, id)
    case 'stable':
      return core.setSlotStable(slot)
    default:
      throw new Error(`not an action of SETSLOT: ${action}`)
  }
}

function slotsIn(ranges: string | undefined): number[] {
  const parsed = parseRanges(ranges ?? '')
  if (!parsed) throw new Error(`not slots: ${ranges}`)
  return slotsOf(parsed)
}

/** @param link - `1->2`, or `->2` from whoever owns the slot now */
function startMove(
  world: World,
  mover: Mover,
  slot: string | undefined,
  link: string | undefined,
  careless: boolean,
): undefined {
  const match = /^(\d*)->(\d+)$/.exec(link ?? '')
  if (!match) throw new Error(`not a move: ${link}`)
  const slotNumber = Number(slot)
  const owner = world.running.find(({core}) => core?.ownerOf(slotNumber) === core?.myself)
  const from = match[1] ? world.node(Number(match[1])) : owner
  const to = world.node(Number(match[2]))
  if (from && mover.isFree({from, slot: slotNumber, to})) spawn(mover.move({careless, from, slot: slotNumber, to}))
}

function configure(world: World, text: string | undefined, change: Partial<SimNode['config']>): undefined {
  const node = nodeOf(world, text)
  node.config = {...node.config, ...change}
  node.deliver(() => node.step({config: node.config, kind: 'config-changed'}))
}
