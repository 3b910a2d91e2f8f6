import type {Rng} from '../../src/lib/kernel/rng.js'
import type {Step} from './scenario.js'

/** What can go wrong, drawn from a seed before the run. */

export interface Draw {
  readonly rng: Rng
  readonly faultPhaseMs: number
  readonly nodeCount: number
  readonly primaryCount: number
  readonly timeoutMs: number
  /** The last node owns nothing, gets nothing, and loses its disk. */
  readonly wipes: boolean
}

export function other(rng: Rng, nodeCount: number, node: number): number {
  return 1 + ((node + rng.below(nodeCount - 1)) % nodeCount)
}

/** Draws times with a random mean distance; nothing in half of the seeds. */
export function times({faultPhaseMs, rng}: Draw, meanMsMin: number, meanMsMax: number): number[] {
  if (rng.chance(0.5)) return []
  const meanMs = meanMsMin + rng.below(meanMsMax - meanMsMin)
  const found: number[] = []
  for (let atMs = rng.below(meanMs); atMs < faultPhaseMs; atMs += 1 + rng.below(2 * meanMs)) found.push(atMs)
  return found
}

export type Make = (draw: Draw) => Step[]

function fault(atMs: number, line: string): Step {
  return {atMs, kind: 'fault', line}
}

/** `line` now, `undo` after a time that is short or long against the node timeout. */
function pair(draw: Draw, atMs: number, line: string, undo: string): Step[] {
  const {rng, timeoutMs} = draw
  const durationMs = rng.chance(0.5) ? rng.below(timeoutMs) : rng.below(5 * timeoutMs)
  return [fault(atMs, line), fault(atMs + durationMs, undo)]
}

export function anyNode({nodeCount, rng}: Draw): number {
  return 1 + rng.below(nodeCount)
}

export const FAULTS: readonly Make[] = [
  // One direction, both, or a link to the clients.
  (draw) =>
    times(draw, 500, 6000).flatMap((atMs) => {
      const from = draw.rng.below(draw.nodeCount + 1)
      const to = from === 0 ? anyNode(draw) : other(draw.rng, draw.nodeCount, from)
      const link = `${from}${draw.rng.chance(0.5) ? '<' : ''}->${to}`
      return pair(draw, atMs, `cut ${link}`, `heal ${link}`)
    }),
  // A node alone; later everything is healed at once, in one burst.
  (draw) => times(draw, 4000, 15_000).flatMap((atMs) => pair(draw, atMs, `isolate ${anyNode(draw)}`, 'heal')),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `crash ${node}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `power ${node}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 2000, 10_000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `crash-in ${node} ${1 + draw.rng.below(100)}`, `start ${node}`)
    }),
  (draw) =>
    times(draw, 1000, 8000).flatMap((atMs) => {
      const node = anyNode(draw)
      return pair(draw, atMs, `freeze ${node}`, `thaw ${node}`)
    }),
  (draw) => times(draw, 2000, 10_000).map((atMs) => fault(atMs, `clock ${anyNode(draw)} ${clockStep(draw)}`)),
  (draw) =>
    times(draw, 1000, 6000).flatMap((atMs) => {
      const from = anyNode(draw)
      const link = `${from}->${other(draw.rng, draw.nodeCount, from)}`
      return pair(draw, atMs, `slow ${link} ${draw.rng.below(2 * draw.timeoutMs)}`, `slow ${link} 0`)
    }),
  // Two nodes come back with each other's address: whoever dials finds the wrong one there.
  (draw) =>
    times(draw, 8000, 30_000).flatMap((atMs) => {
      const node = anyNode(draw)
      const second = other(draw.rng, draw.nodeCount, node)
      return [`crash ${node} ${second}`, `swap ${node} ${second}`, `start ${node} ${second}`].map((line, at) =>
        fault(atMs + at, line),
      )
    }),
  // The spare machine loses its disk and comes back as a stranger at the old address.
  (draw) =>
    draw.wipes
      ? [
          fault(draw.faultPhaseMs / 3, `wipe ${draw.nodeCount}`),
          fault(draw.faultPhaseMs / 2, `start ${draw.nodeCount}`),
        ]
      : [],
  // The same node at another address.
  (draw) =>
    times(draw, 6000, 20_000).flatMap((atMs) => {
      const node = anyNode(draw)
      const ip = `10.0.${1 + draw.rng.below(200)}.${node}`
      return [
        fault(atMs, `crash ${node}`),
        fault(atMs + 1, `readdress ${node} ${ip}`),
        fault(atMs + 2, `start ${node}`),
      ]
    }),
]

/** Steps of minutes, either way, and clocks that run up to 1 % wrong. */
function clockStep({rng}: Draw): string {
  const stepMs = rng.pick([0, 300, -300, 5000, -5000, 300_000, -300_000])
  return `${stepMs} ${(rng.below(200) - 100) / 10_000}`
}

export function operation(atMs: number, line: string): Step {
  return {atMs, kind: 'operation', line}
}
