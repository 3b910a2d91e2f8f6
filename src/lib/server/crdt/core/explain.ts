import type {ActorTable} from './actors.js'
import type {ElementExplanation, KeyExplanation} from './api.js'
import type {SubValue} from './container.js'
import {deadlineInForce} from './deadline.js'
import type {KeyState} from './key-state.js'
import {explainRows} from './register.js'

const ELEMENTS_SHOWN = 100

/** @param element - only that one of each value; undefined: the first hundred */
export function explainKey(
  slot: number,
  key: string,
  state: KeyState,
  element: string | undefined,
  actors: ActorTable,
): KeyExplanation {
  const visible = state.visible(actors)
  const inForce = deadlineInForce(state.deadlines, actors)
  return {
    because: because(state, visible, actors),
    deadlines: explainRows(state.deadlines, inForce, actors, (atMs) => (atMs === Infinity ? 'none' : String(atMs))),
    key,
    slot,
    type: visible?.type ?? 'none',
    values: state.values.map((value) => ({
      elementCount: value.explainable,
      elements: value.explain(element, ELEMENTS_SHOWN, actors).map(inOrder),
      type: value.type,
      visible: value === visible,
    })),
  }
}

function because(state: KeyState, visible: SubValue | undefined, actors: ActorTable): string {
  if (visible === undefined) {
    return state.deadlines.length > 0
      ? 'Nothing of it is visible; what is left of its deadline goes with the next write.'
      : 'Nothing of it is visible; what was seen of its counters is kept until all regions know of it.'
  }
  const clashing = state.values.filter((value) => value !== visible && !value.isEmpty)
  if (clashing.length > 0) {
    const birth = visible.birth(actors)
    const made = birth ? `: made first, by ${actors.nameOf(birth.dot)}` : ''
    const types = clashing.map(({type}) => type).join(', ')
    return `Regions used it for several types. The ${visible.type} is visible${made}; hidden until the next write: ${types}.`
  }
  const [only] = visible.explainable === 1 ? visible.explain(undefined, 1, actors) : []
  if (only && only.rows.length > 1) {
    const winner = only.rows.find(({wins}) => wins)!
    return `Regions wrote it concurrently. The write of region ${winner.region} wins: the latest clock, then the lowest region.`
  }
  const adding = only?.counters.length ?? 0
  if (adding > 1) return `What ${adding} writers added is summed.`
  return 'No writes of its value are in conflict.'
}

/** The same everywhere, whatever the order in which it came. */
function inOrder({counters, dots, rows, ...rest}: ElementExplanation): ElementExplanation {
  return {
    ...rest,
    counters: [...counters].sort((a, b) => a.region - b.region || a.epoch - b.epoch),
    dots: [...dots].sort(byWriter),
    rows: [...rows].sort((a, b) => Number(b.wins) - Number(a.wins) || byWriter(a.dot, b.dot)),
  }
}

/** `region.epoch:sequence` each. */
function byWriter(a: string, b: string): number {
  const [left, right] = [a, b].map((dot) => dot.split(/[.:]/).map(Number)) as [number[], number[]]
  return left[0]! - right[0]! || left[1]! - right[1]! || left[2]! - right[2]!
}
