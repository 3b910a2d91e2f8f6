import type {Actor, VectorEntries} from '../core/api.js'

/** An actor in one double, and back: epoch * 64 + region. */
export type ActorKey = number

const REGIONS = 64

export function actorKey({epoch, region}: Actor): ActorKey {
  return epoch * REGIONS + region
}

export function regionOf(actor: ActorKey): number {
  return actor % REGIONS
}

export function actorOf(actor: ActorKey): Actor {
  const region = actor % REGIONS
  return {epoch: (actor - region) / REGIONS, region}
}

/** A vector to look up in. */
export type Vector = Map<ActorKey, number>

/** Of a slot of which nothing is known; there are thousands of them. Never written to. */
export const NO_VECTOR: Vector = new Map()

export function vectorFrom(entries: VectorEntries): Vector {
  const vector: Vector = new Map()
  for (const [actor, sequence] of entries) vector.set(actorKey(actor), sequence)
  return vector
}

export function entriesOf(vector: ReadonlyMap<ActorKey, number>): VectorEntries {
  return [...vector].map(([actor, sequence]) => [actorOf(actor), sequence])
}

/** What both hold. */
export function minimum(a: ReadonlyMap<ActorKey, number>, b: ReadonlyMap<ActorKey, number>): Vector {
  const result: Vector = new Map()
  for (const [actor, sequence] of a) {
    const other = b.get(actor)
    if (other !== undefined) result.set(actor, Math.min(sequence, other))
  }
  return result
}

/** Does `vector` hold all of this? */
export function isWithin(entries: VectorEntries, vector: ReadonlyMap<ActorKey, number>): boolean {
  for (const [actor, sequence] of entries) if ((vector.get(actorKey(actor)) ?? 0) < sequence) return false
  return true
}

/** Does `a` hold all that `b` holds? */
export function covers(a: ReadonlyMap<ActorKey, number>, b: ReadonlyMap<ActorKey, number>): boolean {
  for (const [actor, sequence] of b) if ((a.get(actor) ?? 0) < sequence) return false
  return true
}
