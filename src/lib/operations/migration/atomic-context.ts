import type {AtomicDialect, AtomicTask} from '../../client/migration/atomic.js'
import {CliError} from '../../kernel/errors.js'
import {ownRecord} from '../../model/cluster-map.js'
import {slotsOf} from '../../model/slot-set.js'
import {bytesPerKeyOf, type Move} from '../../plan/moves/reshard-document.js'
import type {AtomicContext} from './atomic-move.js'
import type {RunMoves} from './run-moves.js'
import type {EpochWatch} from './types.js'

/** What one pair's atomic move works with. */
export async function atomicContext(
  job: RunMoves,
  move: Move,
  dialect: AtomicDialect,
  epochs: EpochWatch,
  stop: AbortSignal,
): Promise<AtomicContext> {
  const {cluster, emit, journal, moves, options, wires} = job
  const {from, to} = move
  const slots = slotsOf(move.slots)
  const [source, target, counts] = await Promise.all([
    wires.endpoint(from),
    wires.endpoint(to),
    wires.countKeys(from, slots),
  ])
  const bytesPerKey = bytesPerKeyOf(cluster.view, from)
  const fromEpoch = ownRecord(wires.node(from))?.configEpoch ?? 0
  const others = moves.filter((each) => each.from !== from || each.to !== to)
  return {
    source,
    target,
    dialect,
    journal: {
      opening: (window) => journal.opening({...window, fromEpoch}),
      done: (window) => journal.done(window),
    },
    reopened: new Set([...job.reopened].flatMap(([slot, at]) => (at.from === from ? [slot] : []))),
    isOfJob: (task) => others.some((each) => isTaskOf(task, each)),
    emit,
    epochs,
    stop,
    cancel: job.stop,
    stallMs: options.migrateTimeoutMs,
    retryMs: options.retryMs,
    nodeTimeoutMs: await wires.nodeTimeoutMs(from),
    bytesOf: (slot) => (counts.get(slot) ?? 0) * bytesPerKey,
    countKeys: async (of) => [...(await wires.countKeys(to, of)).values()].reduce((a, b) => a + b, 0),
  }
}

function isTaskOf(task: AtomicTask, {from, slots, to}: Move): boolean {
  const planned = new Set(slotsOf(slots))
  return task.from === from && task.to === to && slotsOf(task.slots).every((slot) => planned.has(slot))
}

/** Whether a node cannot migrate atomically as it stands, though it has the command. */
export function isUnable(error: unknown): boolean {
  return error instanceof CliError && error.details['refusal'] === 'unable'
}
