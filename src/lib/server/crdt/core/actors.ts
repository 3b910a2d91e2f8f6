import type {Actor, Dot} from './api.js'
import {CrdtError} from './crdt-error.js'
import type {Digest} from './digest.js'
import {ACTORS_MAX, actorOf, sequenceOf} from './dot.js'

export const REGION_MAX = 63

/** One double for each actor. @throws CrdtError for one that cannot be */
function nameOf(region: number, epoch: number): number {
  const name = epoch * 64 + region
  if (region < 1 || region > REGION_MAX || !Number.isSafeInteger(name)) {
    throw new CrdtError(`there is no actor ${region}.${epoch}`)
  }
  return name
}

/** @throws CrdtError for one that cannot be */
export function requireActor({epoch, region}: Actor): void {
  nameOf(region, epoch)
}

/** Numbers actors in the order in which this node hears of them. The numbers never leave it. */
export class ActorTable {
  private readonly known: Actor[] = []
  private readonly indexes = new Map<number, number>()

  get size(): number {
    return this.known.length
  }

  at(index: number): Actor {
    return this.known[index]!
  }

  /** @returns its index; the same for the same actor @throws CrdtError for one that cannot be */
  indexOf(region: number, epoch: number): number {
    const name = nameOf(region, epoch)
    let index = this.indexes.get(name)
    if (index !== undefined) return index
    index = this.known.length
    if (index === ACTORS_MAX) throw new CrdtError('there are too many actors')
    this.known.push({epoch, region})
    this.indexes.set(name, index)
    return index
  }

  /** As if those that came after the first `size` had never been heard of: nothing bears their names. */
  cut(size: number): void {
    while (this.known.length > size) {
      const {epoch, region} = this.known.pop()!
      this.indexes.delete(nameOf(region, epoch))
    }
  }

  regionOf(index: number): number {
    return this.known[index]!.region
  }

  regionOfDot(dot: Dot): number {
    return this.regionOf(actorOf(dot))
  }

  /** By region, then epoch: the same order at every node. */
  compare(a: number, b: number): number {
    if (a === b) return 0
    const first = this.known[a]!
    const second = this.known[b]!
    return first.region - second.region || first.epoch - second.epoch
  }

  /** By region, epoch, sequence. */
  compareDots(a: Dot, b: Dot): number {
    return this.compare(actorOf(a), actorOf(b)) || a - b
  }

  /** Of two writes that know nothing of each other: positive, a wins. The higher clock, then the lower region, then the lower dot. */
  compareWrites(aClock: number, aDot: Dot, bClock: number, bDot: Dot): number {
    return aClock - bClock || this.compareDots(bDot, aDot)
  }

  /** Adds a dot as every node names it. */
  digestDot(dot: Dot, digest: Digest): void {
    const {epoch, region} = this.at(actorOf(dot))
    digest.number(region).number(epoch).number(sequenceOf(dot))
  }

  /** `region.epoch:sequence` */
  nameOf(dot: Dot): string {
    const {epoch, region} = this.at(actorOf(dot))
    return `${region}.${epoch}:${sequenceOf(dot)}`
  }
}
