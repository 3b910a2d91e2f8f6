import {NODE_FLAG} from '../../../src/lib/protocol/bus/message.js'
import type {SimNode} from '../sim-node.js'
import type {World} from '../world.js'
import {Violation} from './checker.js'

/** Time after which a healed cluster must be ok: two timeouts and 5 s, and what wire.md 1.13 makes a primary wait. */
export function healingMsMax(nodeTimeoutMs: number): number {
  const startMs = 2000
  const rejoinMs = Math.min(Math.max(nodeTimeoutMs, 500), 5000)
  return 2 * nodeTimeoutMs + 5000 + startMs + rejoinMs
}

/** Why the cluster is not yet what it should be; undefined if all nodes agree and are ok. */
export function findDisagreement(world: World): string | undefined {
  const nodes = world.running
  for (const node of nodes) {
    if (!node.core?.stateOk) return `n${node.index} is in state fail`
  }
  const first = nodes[0]
  if (!first) return 'no node runs'
  const expected = viewOf(first)
  for (const node of nodes) {
    const view = viewOf(node)
    const line = view.find((text, at) => text !== expected[at])
    if (line !== undefined || view.length !== expected.length) {
      return `n${node.index} and n${first.index} disagree: ${line ?? 'number of nodes'} / ${expected[view.indexOf(line ?? '')] ?? '-'}`
    }
  }
  return checkOwners(nodes)
}

/** What CLUSTER NODES says of the things that must be the same everywhere, in order of id. */
function viewOf(node: SimNode): string[] {
  const known = [...(node.core?.nodes.values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1))
  return known.map((one) => {
    const role = one.isPrimary ? 'primary' : `replica of ${one.primary?.id.slice(0, 8)}`
    const bad = [NODE_FLAG.pfail, NODE_FLAG.fail, NODE_FLAG.handshake, NODE_FLAG.noaddr].filter((flag) => one.has(flag))
    const address = `${one.isMyself ? node.ip : one.ip}:${one.port}`
    const slots = hashOf(one.slots.snapshot())
    // What a replica spoke for goes on standing in the others' tables when it is an empty primary again: harmless.
    const epoch = one.isPrimary && one.slots.count === 0 ? '-' : (one.primary ?? one).configEpoch
    return `${one.id.slice(0, 8)} ${address} ${one.hostname} ${role} ${bad.join(',')} epoch ${epoch} slots ${one.slots.count}/${slots}`
  })
}

function checkOwners(nodes: readonly SimNode[]): string | undefined {
  const owners = new Uint8Array(16384)
  for (const {core, index} of nodes) {
    if (!core) continue
    for (const {first, last} of core.myself.slots.ranges()) {
      for (let slot = first; slot <= last; slot++) {
        if (owners[slot] !== 0) return `slot ${slot} is owned by n${owners[slot]} and n${index}`
      }
      owners.fill(index, first, last + 1)
    }
  }
  const unowned = owners.indexOf(0)
  return unowned < 0 ? undefined : `slot ${unowned} has no owner`
}

/** By bitmap: each is made once, and asked for by many who wait for agreement. */
const hashes = new WeakMap<Uint8Array, string>()

function hashOf(bytes: Uint8Array): string {
  const found = hashes.get(bytes) ?? computeHash(bytes)
  hashes.set(bytes, found)
  return found
}

function computeHash(bytes: Uint8Array): string {
  let hash = 0
  for (const byte of bytes) hash = (Math.imul(hash, 31) + byte) >>> 0
  return hash.toString(16)
}

/** Runs until all agree. @throws Violation `rule` after `limitMs` */
export function requireAgreement(world: World, rule: string, limitMs: number): void {
  const deadlineMs = world.queue.nowMs + limitMs
  let why = findDisagreement(world)
  while (why !== undefined) {
    if (world.queue.nowMs >= deadlineMs) throw new Violation(rule, `${why} after ${limitMs} ms`)
    world.run(100)
    why = findDisagreement(world)
  }
}

/**
 * A quiet cluster is quiet: per virtual second each node pings one random node and, twice per timeout, each other one,
 * and each ping has a pong; three times as much is a storm.
 */
export function requireNoStorm(world: World, durationMs: number): void {
  const before = world.network.delivered
  world.run(durationMs)
  const perSecond = ((world.network.delivered - before) * 1000) / durationMs
  const nodeCount = world.running.length
  const pings = nodeCount * (1 + (nodeCount - 1) * Math.max(1, 2000 / world.options.nodeTimeoutMs))
  // A message in bytes may come in several pieces.
  const limit = 3 * 2 * pings * (world.options.link.splitChance > 0 ? 4 : 1)
  if (perSecond > limit) throw new Violation('no-storm', `${perSecond.toFixed(0)} packets per second, at most ${limit}`)
}

/** Runs until nobody claims what another owns with a greater epoch. @throws Violation after `limitMs` */
export function requireSingleClaims(world: World, limitMs: number): void {
  const deadlineMs = world.queue.nowMs + limitMs
  for (let why = findDoubleClaim(world); why !== undefined; why = findDoubleClaim(world)) {
    if (world.queue.nowMs >= deadlineMs) throw new Violation('stale-claims-end', `${why} after ${limitMs} ms`)
    world.run(100)
  }
}

/**
 * With some links still cut but everyone within two hops of everyone: nobody goes on claiming what another owns, once
 * third nodes have sent their UPDATEs. An UPDATE says nothing new to who knows the owner's epoch from before the owner
 * took this slot with it; such a claimant waits for the owner itself, on any Redis.
 */
function findDoubleClaim(world: World): string | undefined {
  const owners = new Map<number, SimNode>()
  for (const node of world.running) {
    const {core} = node
    if (!core || core.myself.slots.count === 0) continue
    for (let slot = 0; slot < 16384; slot++) {
      if (!core.myself.slots.has(slot)) continue
      const other = owners.get(slot)
      if (other && canBeTold(node, other)) return `slot ${slot} is claimed by n${other.index} and n${node.index}`
      owners.set(slot, node)
    }
  }
  return undefined
}

function canBeTold(a: SimNode, b: SimNode): boolean {
  const [older, newer] = epochOf(a) < epochOf(b) ? [a, b] : [b, a]
  return (older.core?.nodes.get(newer.id)?.configEpoch ?? 0) < epochOf(newer)
}

function epochOf(node: SimNode): number {
  return node.core?.myself.configEpoch ?? 0
}
