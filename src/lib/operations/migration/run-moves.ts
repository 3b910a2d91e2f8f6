import {CliError, messageOf} from '../../kernel/errors.js'
import {highestEpoch, keyCountOf, nameNode, ownRecord} from '../../model/cluster-map.js'
import type {NodeRecord, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {slotsOf} from '../../model/slot-set.js'
import type {Move} from '../../plan/moves/reshard-document.js'
import type {Opening} from '../journal.js'
import type {ObservedCluster} from '../observe.js'
import {atomicContext, isUnable} from './atomic-context.js'
import {AtomicMove} from './atomic-move.js'
import {chooseTransfers, type RoutedMove} from './choose-transfer.js'
import {PairMove, type PairResult} from './pair.js'
import {
  type BusyKeyRule,
  type Emit,
  type EpochWatch,
  OWNER_MOVES,
  type PaceOptions,
  type PairContext,
  type Transfer,
  type WindowJournal,
} from './types.js'
import type {WirePool} from './wires.js'

export interface MoveOptions {
  readonly pace: PaceOptions
  /** Of each MIGRATE. Milliseconds. */
  readonly migrateTimeoutMs: number
  /** Let the source win where a key is on both sides. */
  readonly replace: boolean
  /** Default: `OWNER_MOVES`. */
  readonly busyKeys?: BusyKeyRule
  readonly transfer: Transfer
  /** Bound on retrying what may pass by itself. Milliseconds. */
  readonly retryMs: number
}

export interface RunMoves {
  readonly cluster: ObservedCluster
  readonly wires: WirePool
  readonly moves: readonly Move[]
  readonly options: MoveOptions
  readonly journal: WindowJournal
  /** Slots that this job opened before -> at whom. */
  readonly reopened: ReadonlyMap<number, Opening>
  /** Keys in doubt at each source; kept for all runs of this process. */
  readonly doubts: Doubts
  /** Nodes at which earlier runs of this job may still have commands under way. */
  readonly unfenced: ReadonlySet<NodeId>
  readonly emit: Emit
  /** Aborted: finish the open windows, open no more. */
  readonly stop: AbortSignal
}

/** `id epoch` of a source -> keys whose MIGRATE it did not answer. */
export type Doubts = Map<string, Set<string>>

export interface MovesResult {
  readonly keys: number
  /** Slots handed over in this run, those of pairs that failed later included. */
  readonly slots: number
  /** What went wrong, in the order it did; empty if all went well. */
  readonly errors: readonly unknown[]
}

/** Sources that feed one target side by side: they share its time, which RESTORE takes less of than MIGRATE. */
const SOURCES_PER_TARGET = 2

/**
 * Carries out moves, disjoint pairs side by side.
 *
 * A source blocks while it migrates, so a node is source of one pair at a time and never source and target at once: two
 * nodes that MIGRATE to each other would wait for each other until both time out.
 */
export async function runMoves(job: RunMoves): Promise<MovesResult> {
  // One pair's failure ends the job: the others finish what they have open.
  const halt = new AbortController()
  const stop = AbortSignal.any([job.stop, halt.signal])
  const epochs: EpochWatch = {highest: highestEpoch(job.cluster.view)}
  const results: PairResult[] = []
  const errors: unknown[] = []
  const waiting = await chooseTransfers(job.wires, job.moves, job.options.transfer)
  const running = new Map<RoutedMove, Promise<void>>()
  const runPair = async (move: RoutedMove) => {
    let pair: AtomicMove | PairMove | undefined
    try {
      pair = move.dialect
        ? new AtomicMove(await atomicContext(job, move, move.dialect, epochs, stop))
        : new PairMove(await pairContext(job, move, epochs, stop))
      const result = await pair.run(slotsOf(move.slots))
      results.push(result)
      errors.push(...result.failed)
    } catch (error) {
      if (move.dialect && job.options.transfer === 'auto' && isUnable(error)) {
        job.emit({event: 'warning', message: `${messageOf(error)}; the slots go one by one`})
        waiting.push({...move, dialect: undefined})
      } else {
        errors.push(error)
        if (pair) results.push(pair.result)
      }
    }
    if (errors.length > 0) halt.abort()
    running.delete(move)
  }
  while ((waiting.length > 0 && !stop.aborted) || running.size > 0) {
    for (const move of [...waiting]) {
      if (stop.aborted || !mayStart(move, [...running.keys()])) continue
      waiting.splice(waiting.indexOf(move), 1)
      running.set(move, runPair(move))
    }
    await Promise.race(running.values())
  }
  const keys = results.reduce((sum, result) => sum + result.keys, 0)
  return {keys, slots: results.reduce((sum, {done}) => sum + done.length, 0), errors}
}

/** Whether a pair may run beside those that do. Nodes do not take SETSLOT and atomic migrations at a time. */
export function mayStart({dialect, from, to}: RoutedMove, running: readonly RoutedMove[]): boolean {
  if (running.some((move) => move.dialect !== dialect)) return false
  const sources = new Set(running.map((move) => move.from))
  const targets = running.map((move) => move.to)
  if (sources.has(from) || sources.has(to) || targets.includes(from)) return false
  return targets.filter((target) => target === to).length < (dialect?.sourcesPerTarget ?? SOURCES_PER_TARGET)
}

/** @param job - its `moves` are not looked at */
export async function pairContext(
  job: Omit<RunMoves, 'moves'>,
  {from, to}: Pick<Move, 'from' | 'to'>,
  epochs: EpochWatch,
  stop: AbortSignal,
): Promise<PairContext> {
  const {cluster, doubts, emit, journal, options, wires} = job
  const {password, username} = cluster.options
  const fromEpoch = ownRecord(wires.node(from))?.configEpoch ?? 0
  const inDoubt = doubts.get(`${from} ${fromEpoch}`) ?? new Set<string>()
  doubts.set(`${from} ${fromEpoch}`, inDoubt)
  const [source, target] = await Promise.all([wires.endpoint(from), wires.endpoint(to)])
  const isFenced = !job.unfenced.has(from) && !job.unfenced.has(to)
  const seen = targetAsSeenBySource(wires.node(from), to)
  return {
    source,
    target,
    openLane: () => wires.another(from),
    transfer: options.transfer,
    canSwitch: isFenced && takesSetslotInMulti(wires.node(from)),
    isFenced,
    sourceImports: false,
    midway: new Set(ownRecord(wires.node(from))?.migrating.keys()),
    // Another source or epoch than then: it failed over, also if it did so back, and who takes over does not know what
    // was migrating.
    reopened: new Set(
      [...job.reopened].flatMap(([slot, at]) => (at.from === from && at.fromEpoch === fromEpoch ? [slot] : [])),
    ),
    inDoubt,
    migrate: {
      host: seen.address.host === '' ? (seen.hostname ?? '') : seen.address.host,
      port: seen.address.port,
      username,
      password,
      timeoutMs: options.migrateTimeoutMs,
      replace: options.replace,
    },
    busyKeys: options.busyKeys ?? OWNER_MOVES,
    pace: options.pace,
    bytesPerKey: bytesPerSmallKey(wires.node(from)),
    nodeTimeoutMs: await wires.nodeTimeoutMs(from),
    emit,
    journal: {
      opening: (window) => journal.opening({...window, fromEpoch}),
      done: (window) => journal.done(window),
    },
    stop,
    retryMs: options.retryMs,
    epochs,
  }
}

/** MIGRATE connects from the source, so the source's own view has the address, whatever Shoal reaches the target by. */
function targetAsSeenBySource(source: NodeView, to: NodeId): NodeRecord {
  const seen = source.records.find(({id}) => id === to)
  if (seen && (seen.address.host !== '' || seen.hostname !== undefined)) return seen
  throw new CliError('NODES_DISAGREE', `${nameNode(source)} does not know node ${to}, or not its address`, {
    details: {nodeId: source.id, unknown: to},
  })
}

/** A data set of this size is moved in a blink even if it is one key; looking at each key would take longer. */
const SMALL_DATA_SET_BYTES = 16 * 1024 * 1024

function bytesPerSmallKey(node: NodeView): number | undefined {
  const bytes = Number(node.info.get('used_memory_dataset') ?? Number.NaN)
  const keys = keyCountOf(node)
  return bytes <= SMALL_DATA_SET_BYTES && keys > 0 ? Math.ceil(bytes / keys) : undefined
}

/**
 * From Valkey 8 on, SETSLOT on a primary first goes to its replicas and runs once they have confirmed it, which the rest of
 * a transaction does not wait for.
 */
export function takesSetslotInMulti({info}: Pick<NodeView, 'info'>): boolean {
  return !(Number.parseInt(info.get('valkey_version') ?? '0', 10) >= 8)
}
