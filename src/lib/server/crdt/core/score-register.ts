import type {ActorTable} from './actors.js'
import {contributionsOf, type Register, winnerOf} from './register.js'
import {add, Decimal, simpleScore, subtract, type Total, toDouble} from './total.js'

/** Stands for infinity in sums: further from 0 than any double, and exact, so that it can be taken away again. */
const HUGE = new Decimal(10n ** 400n, 0)
const HUGE_NEGATIVE = new Decimal(-HUGE.digits, 0)

/** The double nearest to the exact sum of the row that wins and the counters. Infinities of both signs make 0. */
export function scoreOf(register: Register<number>, actors: ActorTable): number {
  const base = winnerOf(register, actors)?.value ?? 0
  const contributions = contributionsOf(register)
  if (contributions.length === 0) return base
  let highest = base
  let lowest = base
  for (const contribution of contributions) {
    const rounded = toDouble(contribution)
    if (rounded > highest) highest = rounded
    if (rounded < lowest) lowest = rounded
  }
  if (highest === Infinity) return lowest === -Infinity ? 0 : Infinity
  return lowest === -Infinity ? -Infinity : toDouble(finiteSum(base, contributions))
}

/** All of it is finite, or left out. */
function finiteSum(base: number, contributions: readonly Total[]): Total {
  let sum: Total = Number.isFinite(base) ? base : 0
  for (const contribution of contributions) sum = add(sum, contribution)
  return sum
}

/** What to add so that the score becomes what ZINCRBY answers: the sum of two doubles. */
export function scoreStep(register: Register<number> | undefined, by: number, actors: ActorTable): Total {
  const score = register === undefined ? 0 : scoreOf(register, actors)
  const target = score + by
  if (Number.isNaN(target)) return 0
  if (Number.isFinite(score) && Number.isFinite(target)) {
    if (register === undefined) return target
    return simpleScore(subtract(target, finiteSum(winnerOf(register, actors)?.value ?? 0, contributionsOf(register))))
  }
  if (target === score) return Number.isFinite(by) ? by : 0
  return target > 0 ? HUGE : HUGE_NEGATIVE
}
