import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {BUS_PORT_OFFSET, renderAddress} from '../model/address.js'
import {ownRecord} from '../model/cluster-map.js'
import type {NodeRecord, NodeView} from '../model/cluster-view.js'
import {readView} from './observe.js'
import type {ProbedNode} from './preflight.js'
import {settle} from './settle.js'

export interface JoinOptions {
  /** Bound on the nodes finding each other. Milliseconds. */
  readonly joinTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Up to this many nodes everybody is introduced to everybody, which saves gossip rounds. */
const FULL_MESH_MAX = 32
/** A handshake that nobody answered is forgotten after a while; introduce again. Milliseconds. */
const MEET_AGAIN_MS = 3000

/**
 * Introduces whoever does not know whom, until all know all. Meeting somebody twice does no harm.
 *
 * @throws {CliError} PLAN_PARTIAL, saying who cannot reach whom; INTERRUPTED
 */
export async function joinNodes(nodes: readonly ProbedNode[], {joinTimeoutMs, signal}: JoinOptions): Promise<void> {
  let again = false
  let introducedMs = Number.NEGATIVE_INFINITY
  const look = async (): Promise<NodeView[]> => {
    const views = await viewsOf(nodes)
    if (performance.now() - introducedMs >= MEET_AGAIN_MS && judgeJoined(views).length > 0) {
      introducedMs = performance.now()
      await introduce(nodes, views, {again})
      again = true
    }
    return views
  }
  const {problems} = await settle(look, judgeJoined, {timeoutMs: joinTimeoutMs, signal})
  if (problems.length === 0) return
  throw partial(`the nodes did not find each other within ${joinTimeoutMs} ms: ${problems.join('; ')}`, undefined, {
    problems,
  })
}

/**
 * One side of each pair meets the other. `again`, whoever lacks somebody meets them: if the dial back of the node that was
 * met hangs, only one side knows the other, and gossip never tells the other side of it while it holds the link open.
 */
async function introduce(
  nodes: readonly ProbedNode[],
  views: readonly NodeView[],
  {again}: {readonly again: boolean},
): Promise<void> {
  const hosts = again || nodes.length <= FULL_MESH_MAX ? nodes : nodes.slice(0, 1)
  await Promise.all(
    hosts.map(async ({connection}, index) => {
      const known = new Set(views[index]?.records.filter(({handshake}) => !handshake).map(({id}) => id))
      const strangers = nodes.filter(({view}, other) => (again || other > index) && !known.has(view.id))
      const commands = (again ? strangers.slice(0, FULL_MESH_MAX) : strangers).map(meetCommand)
      if (commands.length === 0) return
      const refused = (await connection.pipeline(commands)).find((reply) => reply instanceof NodeReplyError)
      if (refused) throw partial(`${connection.name} refused to meet another node: ${messageOf(refused)}`, refused)
    }),
  )
}

function meetCommand({host, address, view}: ProbedNode): ['CLUSTER', ...(string | number)[]] {
  const busPort = ownRecord(view)?.busPort ?? address.port + BUS_PORT_OFFSET
  const meet: ['CLUSTER', ...(string | number)[]] = ['CLUSTER', 'MEET', host, address.port]
  return busPort === address.port + BUS_PORT_OFFSET ? meet : [...meet, busPort]
}

/** Who cannot reach whom, one sentence per node that misses others. */
export function judgeJoined(views: readonly NodeView[]): string[] {
  return views.flatMap((view) => {
    const records = new Map<string, NodeRecord>(view.records.map((record) => [record.id, record]))
    const missing = views.filter((other) => {
      const record = records.get(other.id)
      return !record?.linked || record.handshake
    })
    if (missing.length === 0) return []
    const whom = missing.map((other) => `${renderAddress(other.address)} (bus port ${ownRecord(other)?.busPort})`)
    return [`${renderAddress(view.address)} cannot reach ${whom.join(', ')}`]
  })
}

/** A creation that stopped half-way; the same call continues it. */
export function partial(message: string, cause?: unknown, details: Readonly<Record<string, unknown>> = {}): CliError {
  return new CliError('PLAN_PARTIAL', message, {
    cause,
    details: {...details, ...(cause instanceof CliError && {cause: cause.code})},
    suggestions: ['Solve the problem, then run the same command again; it continues where it stopped.'],
  })
}

/** What the nodes see now, in their order. */
export function viewsOf(nodes: readonly ProbedNode[]): Promise<NodeView[]> {
  return Promise.all(nodes.map(({connection}) => readView(connection)))
}
