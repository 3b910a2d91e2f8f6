import type {ActorTable} from '../actors.js'
import type {Dot, RowExplanation} from '../api.js'
import {actorOf} from '../dot.js'
import {clockMs, clockTick} from '../hybrid-clock.js'

export function explainWrite(
  {clock, dot, value}: {readonly clock: number; readonly dot: Dot; readonly value: string},
  wins: boolean,
  actors: ActorTable,
): RowExplanation {
  return {
    atMs: clockMs(clock),
    dot: actors.nameOf(dot),
    region: actors.regionOf(actorOf(dot)),
    tick: clockTick(clock),
    value,
    wins,
  }
}
