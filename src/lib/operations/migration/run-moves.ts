import {connectWire, type Wire} from '../../client/migration/wire.js'
import {CliError} from '../../kernel/errors.js'
import {highestEpoch, nameNode, ownRecord, primariesOf} from '../../model/cluster-map.js'
import type {NodeRecord, NodeView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {slotsOf} from '../../model/slot-set.js'
import type {Move} from '../../plan/reshard-document.js'
import type {ObservedCluster} from '../observe.js'
import {PairMove, type PairResult} from './pair.js'
import type {Emit, Endpoint, EpochWatch, PaceOptions, PairContext, WindowJournal} from './types.js'

export interface MoveOptions {
  readonly pace: PaceOptions
  /** Of each MIGRATE. Milliseconds. */
  readonly migrateTimeoutMs: number
  /** Let the source win where a key is on both sides. */
  readonly replace: boolean
  /** Bound on retrying what may pass by itself. Milliseconds. */
  readonly retryMs: number
}

export interface RunMoves {
  readonly cluster: ObservedCluster
  readonly moves: readonly Move[]
  readonly options: MoveOptions
  readonly journal: WindowJournal
  readonly emit: Emit
  /** Aborted: finish the open windows, open no more. */
  readonly stop: AbortSignal
}

export interface MovesResult {
  readonly keys: number
  /** Slots handed over in this run. */
  readonly slots: number
  /** What went wrong, in the order it did; empty if all went well. */
  readonly errors: readonly unknown[]
}

/** Sources that feed one target side by side: they share its time, which RESTORE takes less of than MIGRATE. */
const SOURCES_PER_TARGET = 2

const NODE_TIMEOUT_MS_DEFAULT = 15_000

/**
 * Carries out moves, disjoint pairs side by side.
 *
 * A source blocks while it migrates, so a node is source of one pair at a time and never source and target at once: two
 * nodes that MIGRATE to each other would wait for each other until both time out.
 */
export async function runMoves(job: RunMoves): Promise<MovesResult> {
  const wires = new WirePool(job.cluster)
  // One pair's failure ends the job: the others finish what they have open.
  const halt = new AbortController()
  const stop = AbortSignal.any([job.stop, halt.signal])
  const epochs: EpochWatch = {highest: highestEpoch(job.cluster.view)}
  const results: PairResult[] = []
  const errors: unknown[] = []
  const waiting = [...job.moves]
  const running = new Map<Move, Promise<void>>()
  const runPair = async (move: Move) => {
    try {
      const result = await new PairMove(await pairContext(job, move, wires, epochs, stop)).run(slotsOf(move.slots))
      results.push(result)
      errors.push(...result.failed)
    } catch (error) {
      errors.push(error)
    }
    if (errors.length > 0) halt.abort()
    running.delete(move)
  }
  try {
    while ((waiting.length > 0 && !stop.aborted) || running.size > 0) {
      for (const move of [...waiting]) {
        if (stop.aborted || !mayStart(move, [...running.keys()])) continue
        waiting.splice(waiting.indexOf(move), 1)
        running.set(move, runPair(move))
      }
      await Promise.race(running.values())
    }
  } finally {
    wires.close()
  }
  const keys = results.reduce((sum, result) => sum + result.keys, 0)
  return {keys, slots: results.reduce((sum, {done}) => sum + done.length, 0), errors}
}

/** Whether a pair may run beside those that do. */
export function mayStart({from, to}: Move, running: readonly Move[]): boolean {
  const sources = new Set(running.map((move) => move.from))
  const targets = running.map((move) => move.to)
  if (sources.has(from) || sources.has(to) || targets.includes(from)) return false
  return targets.filter((target) => target === to).length < SOURCES_PER_TARGET
}

async function pairContext(
  job: RunMoves,
  {from, to}: Move,
  wires: WirePool,
  epochs: EpochWatch,
  stop: AbortSignal,
): Promise<PairContext> {
  const {cluster, emit, journal, options} = job
  const {password, username} = cluster.options
  const [source, target] = await Promise.all([wires.endpoint(from), wires.endpoint(to)])
  const others = await Promise.all(
    primariesOf(cluster.view)
      .filter(({node}) => node.id !== from && node.id !== to)
      .map(({node}) => wires.endpoint(node.id)),
  )
  const seen = targetAsSeenBySource(wires.node(from), to)
  return {
    source,
    target,
    others,
    migrate: {
      host: seen.address.host === '' ? (seen.hostname ?? '') : seen.address.host,
      port: seen.address.port,
      username,
      password,
      timeoutMs: options.migrateTimeoutMs,
      replace: options.replace,
    },
    pace: options.pace,
    nodeTimeoutMs: await wires.nodeTimeoutMs(from),
    emit,
    journal,
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

/** One connection per node, made when it is first needed and shared by all pairs. */
class WirePool {
  private readonly wires = new Map<NodeId, Promise<Wire>>()
  private closed = false

  constructor(private readonly cluster: ObservedCluster) {}

  /** @throws {CliError} UNREACHABLE if the node did not answer when it was observed */
  node(id: NodeId): NodeView {
    const node = this.cluster.view.nodes.find((candidate) => candidate.id === id)
    if (node) return node
    throw new CliError('UNREACHABLE', `node ${id} does not answer`, {details: {nodeId: id}})
  }

  async endpoint(id: NodeId): Promise<Endpoint> {
    const node = this.node(id)
    let wire = this.wires.get(id)
    if (!wire) {
      wire = connectWire(node.address, this.cluster.options, ownRecord(node)?.hostname)
      wire.catch(() => undefined)
      this.wires.set(id, wire)
      if (this.closed) void wire.then((open) => open.close())
    }
    return {id, name: nameNode(node), wire: await wire}
  }

  /** How long a node may be silent before the others take it for dead; Redis's default if it does not tell. */
  async nodeTimeoutMs(id: NodeId): Promise<number> {
    const {wire} = await this.endpoint(id)
    const [reply] = await wire.send([['CONFIG', 'GET', 'cluster-node-timeout']])
    const value = Array.isArray(reply) ? Number(reply[1]) : Number.NaN
    return value > 0 ? value : NODE_TIMEOUT_MS_DEFAULT
  }

  close(): void {
    this.closed = true
    for (const wire of this.wires.values()) wire.then((open) => open.close()).catch(() => undefined)
  }
}
