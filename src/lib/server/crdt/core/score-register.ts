import type {ActorTable} from './actors.js'
import {contributionsOf, type Register, winnerOf} from './register.js'
import {add, simpleScore, subtract, type Total, toDouble} from './total.js'

function exactScore(register: Register<number> | undefined, actors: ActorTable): Total {
  if (register === undefined) return 0
  let sum: Total = winnerOf(register, actors)?.value ?? 0
  const contributions = contributionsOf(register)
  if (contributions.length < 2) return contributions.length === 0 ? sum : add(sum, contributions[0]!)
  // Infinities of both signs cancel out, whatever stands between them.
  const all = [sum, ...contributions]
  const infinite = all.filter((part) => part === Infinity || part === -Infinity)
  if (infinite.length > 0) return infinite.every((part) => part === infinite[0]) ? infinite[0]! : 0
  sum = 0
  for (const part of all) sum = add(sum, part)
  return sum
}

/** The double nearest to the exact sum of the row that wins and the counters: the order of steps does not matter. */
export function scoreOf(register: Register<number>, actors: ActorTable): number {
  return toDouble(exactScore(register, actors))
}

/** What to add so that the score becomes what ZINCRBY answers: the sum of two doubles. */
export function scoreStep(register: Register<number> | undefined, by: number, actors: ActorTable): Total {
  const exact = exactScore(register, actors)
  const target = toDouble(exact) + by
  if (Number.isNaN(target)) return 0
  if (!Number.isFinite(target) || !Number.isFinite(toDouble(exact))) return by
  return simpleScore(subtract(target, exact))
}
