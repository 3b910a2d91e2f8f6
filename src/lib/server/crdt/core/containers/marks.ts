import type {ActorTable} from '../actors.js'
import type {Dot} from '../api.js'
import type {Birth} from '../container.js'
import {actorOf} from '../dot.js'
import {earlier} from '../register.js'

export type Covers = (dot: Dot) => boolean

/**
 * Deletions that win over whatever did not see them, the latest of each actor: what is beside them is good only as long as
 * its writer, or the side that it is joined from, saw them all.
 */
export class Marks implements Iterable<Dot> {
  private dots: Dot[] = []

  get size(): number {
    return this.dots.length
  }

  [Symbol.iterator](): Iterator<Dot> {
    return this.dots[Symbol.iterator]()
  }

  /** @returns whether it was news */
  add(dot: Dot): boolean {
    const actor = actorOf(dot)
    const at = this.dots.findIndex((held) => actorOf(held) === actor)
    if (at < 0) this.dots.push(dot)
    else if (this.dots[at]! < dot) this.dots[at] = dot
    else return false
    return true
  }

  areSeen(seen: Covers): boolean {
    return this.dots.every(seen)
  }

  /** Those that everybody saw are needed no more. @returns how many there were */
  collect(isStable: Covers): number {
    const before = this.dots.length
    if (before > 0) this.dots = this.dots.filter((dot) => !isStable(dot))
    return before - this.dots.length
  }
}

/**
 * Of what one side holds, when two are joined: did the other see it made, and hold it no more? Then it was deleted there,
 * and the deletion may be forgotten already.
 *
 * @param birth - of what the one holds
 * @param otherBirth - of what the other holds; undefined: nothing
 */
export function isOutdated(
  birth: Birth | undefined,
  otherBirth: Birth | undefined,
  otherCovers: Covers,
  actors: ActorTable,
): boolean {
  if (birth === undefined || !otherCovers(birth.dot)) return false
  return otherBirth === undefined || (otherBirth.dot !== birth.dot && earlier(otherBirth, birth, actors) === birth)
}
