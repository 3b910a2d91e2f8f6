import {slotsOf} from '../model/slot-set.js'
import {judgeMove, type MoveVerdict} from '../plan/moves/move-verdict.js'
import {type Move, type MovePlan, moveDocument} from '../plan/moves/reshard-document.js'
import {type Surveyed, WirePool} from './migration/wires.js'

export interface PreparedMoves extends MoveVerdict {
  readonly plan: MovePlan
  /** Keys of each slot to be moved, at its source, when the plan was made. */
  readonly keysBySlot: ReadonlyMap<number, number>
}

/** Moves as a plan with its cost: keys are counted, and it is judged by what the nodes told so far. Changes nothing. */
export async function costOf(cluster: Surveyed, moves: readonly Move[]): Promise<PreparedMoves> {
  const keysBySlot = await countKeys(cluster, moves)
  const plan = moveDocument(cluster.view, moves, (slot) => keysBySlot.get(slot) ?? 0)
  return {plan, keysBySlot, ...judgeMove(cluster.view, plan)}
}

/** Keys of each slot at its source. */
export async function countKeys(
  cluster: Surveyed,
  moves: readonly Pick<Move, 'from' | 'slots'>[],
): Promise<Map<number, number>> {
  const wires = new WirePool(cluster)
  try {
    const counts = await Promise.all(moves.map(({from, slots}) => wires.countKeys(from, slotsOf(slots))))
    return new Map(counts.flatMap((each) => [...each]))
  } finally {
    wires.close()
  }
}
