import type {ActorTable} from '../actors.js'

/**
 * Where an element of a list stands, for ever: components (num, actor, idx), flat in one array, compared one component after
 * the other; what is shorter comes before what goes on from it (wire.md 7.6).
 *
 *   RPUSH a b c   (+clock, me, 0) (+clock, me, 1) (+clock, me, 2)      later pushes have later clocks
 *   LPUSH a b c   (-clock, me, 0) (-clock, me, -1) (-clock, me, -2)
 *   between       what stands before, and a component more
 */
export type Position = readonly number[]

const COMPONENT = 3

export function comparePositions(a: Position, b: Position, actors: ActorTable): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += COMPONENT) {
    const byNum = a[i]! - b[i]!
    if (byNum !== 0) return byNum
    const byActor = actors.compare(a[i + 1]!, b[i + 1]!)
    if (byActor !== 0) return byActor
    const byIdx = a[i + 2]! - b[i + 2]!
    if (byIdx !== 0) return byIdx
  }
  return a.length - b.length
}

function extendsPosition(longer: Position, shorter: Position): boolean {
  return longer.length > shorter.length && shorter.every((part, i) => part === longer[i])
}

/**
 * A position between two neighbours.
 *
 * @param before - stands before; chains of inserts behind each other stay together, whoever else does the same
 * @param after - stands behind it; undefined: nothing does
 * @param me - actor that inserts
 */
export function positionBetween(
  before: Position,
  after: Position | undefined,
  me: number,
  actors: ActorTable,
): Position {
  if (after !== undefined && extendsPosition(after, before)) return [...before, after[before.length]! - 1, me, 0]
  const last = before.length - COMPONENT
  if (last > 0 && before[last + 1] === me) {
    const idx = before[last + 2]
    if (idx === 1) {
      const sibling = [...before.slice(0, last), before[last]! + 1, me, 1]
      if (after === undefined || comparePositions(sibling, after, actors) < 0) return sibling
    }
    if (idx === 0) return [...before, 0, me, 1]
  }
  return [...before, 0, me, 0]
}
