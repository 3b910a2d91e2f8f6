import type {SimNode} from '../sim-node.js'
import type {World} from '../world.js'
import {Violation} from './checker.js'

/** What must come of a healed cluster with replicas. */

/** Votes may be split, and the next attempt comes after four timeouts. */
const TRIES_FACTOR = 20

/** Several attempts at an election, and the ranks of a few siblings. */
export function electionMsMax(nodeTimeoutMs: number): number {
  return 3 * 4 * Math.max(nodeTimeoutMs, 1000) + 8000
}

/** Runs until every replica has all that its primary has. @throws Violation after `limitMs` */
export function requireInSync(world: World, limitMs: number): void {
  const deadlineMs = world.queue.nowMs + limitMs
  for (let why = findDifference(world); why !== undefined; why = findDifference(world)) {
    if (world.queue.nowMs >= deadlineMs) throw new Violation('replicas-in-sync', `${why} after ${limitMs} ms`)
    world.run(100)
  }
}

function findDifference(world: World): string | undefined {
  for (const node of world.running) {
    const {core, replication} = node
    if (!core?.myself.isReplica || !replication) continue
    const primary = primaryOf(world, node)
    if (!primary?.core?.myself.isPrimary) return `n${node.index} follows no primary`
    if (!replication.linkUp) return `n${node.index} has no link to n${primary.index}`
    const mine = JSON.stringify(node.keyspace.entries().sort())
    if (mine !== JSON.stringify(primary.keyspace.entries().sort())) {
      return `n${node.index} and n${primary.index} differ`
    }
  }
  return undefined
}

function primaryOf(world: World, {core}: SimNode): SimNode | undefined {
  return world.running.find(({id}) => id === core?.myself.primary?.id)
}

/**
 * A primary whose replica is in sync dies for good: while a majority is left, its slots have an owner again in time, and the
 * state is ok everywhere. It starts again afterwards. Only where the validity factor leaves the time for it.
 *
 * @throws Violation `slots-owned-again` after `limitMs`
 */
export function requireTakeover(world: World, limitMs: number): void {
  const owners = world.running.filter(({core}) => (core?.myself.slots.count ?? 0) > 0)
  const victim = owners.find((primary) => world.running.some((node) => primaryOf(world, node) === primary))
  if (!victim || owners.length < 3) return
  const {replicaValidityFactor} = victim.config
  if (replicaValidityFactor > 0 && replicaValidityFactor < TRIES_FACTOR) return
  world.note(`n${victim.index} dies for good`)
  victim.crash(false)
  const deadlineMs = world.queue.nowMs + limitMs
  const isOver = (): boolean =>
    world.running.every(({core}) => core?.stateOk && core.nodes.get(victim.id)?.slots.count === 0)
  while (!isOver()) {
    if (world.queue.nowMs >= deadlineMs) {
      throw new Violation('slots-owned-again', `nobody has taken the place of n${victim.index} after ${limitMs} ms`)
    }
    world.run(100)
  }
  victim.start()
}
