import {hashSlot} from '../../src/lib/protocol/hash-slot.js'
import type {ClusterCore} from '../../src/lib/server/cluster/core.js'
import {route} from '../../src/lib/server/cluster/routing.js'
import {type ClusterEffect, ClusterRefusal} from '../../src/lib/server/cluster/types.js'
import {runServerKeyCommand, runServerMigrate} from './server-commands.js'
import {CLIENT_PORT} from './sim-bus.js'
import type {SimNode} from './sim-node.js'
import type {World} from './world.js'

/** A reply: a value (nil is undefined) or an error line. */
export type Reply = {readonly value: unknown} | {readonly error: string}

/** One client connection to one node, as far as its state matters here. */
export interface SimConnection {
  /** ASKING was sent and no command came since. */
  asking: boolean
}

type Respond = (reply: Reply) => void

const OK: Reply = {value: 'OK'}

export interface KeyCommand {
  readonly key: string
  /** A SET; without it, a GET. */
  readonly value?: string
  /** The client sent ASKING just before. */
  readonly asking: boolean
  /** The client gives up then, and closes its connection: what has not run by then never runs. */
  readonly deadlineMs: number
  /** SET, then WAIT for every node that could hold a copy: no answer without their acknowledgements. */
  readonly waits?: boolean
}

/**
 * GET and SET as a server runs them: routing first, then held keys, then the keyspace.
 *
 * @param keepAsking - planted bug: ASKING stays on the connection
 */
export function runKeyCommand(
  world: World,
  node: SimNode,
  connection: SimConnection,
  command: KeyCommand,
  keepAsking: boolean,
  respond: Respond,
): void {
  const {backend, core, keyspace} = node
  if (!core || world.queue.nowMs > command.deadlineMs) return
  if (backend) {
    runServerKeyCommand(world, node, backend, connection, command, keepAsking, respond)
    return
  }
  const {key, value} = command
  const asking = command.asking || connection.asking
  connection.asking = keepAsking && asking
  const refused = routeKeys(core, node, [key], {asking, isWrite: value !== undefined})
  if (refused !== undefined) {
    respond({error: refused})
    return
  }
  const again = (): void => runKeyCommand(world, node, connection, command, keepAsking, respond)
  if (keyspace.park(key, again)) return
  if (value === undefined) {
    respond({value: keyspace.get(key)})
    return
  }
  if (node.parkIfPaused(again)) return
  keyspace.set(key, value)
  node.replication?.onWrite(key, value)
  for (const checker of world.checkers) checker.onWrite?.(node, key, command.asking)
  if (command.waits) node.replication?.wait(world.copiesOf(node), () => respond(OK))
  else respond(OK)
}

/** RESTORE-ASKING of whole keys with REPLACE: what MIGRATE sends. */
function runRestore(node: SimNode, entries: readonly (readonly [string, string])[], respond: Respond): void {
  const {core} = node
  if (!core) return
  const keys = entries.map(([key]) => key)
  const refused = routeKeys(core, node, keys, {asking: true, isWrite: true, oneByOne: true})
  if (refused !== undefined) {
    respond({error: refused})
    return
  }
  for (const [key, value] of entries) node.keyspace.set(key, value)
  respond(OK)
}

/** MIGRATE ... REPLACE KEYS: the keys are held here until the target has answered or the time is up. */
export function runMigrate(
  world: World,
  node: SimNode,
  target: SimNode,
  keys: readonly string[],
  respond: Respond,
): void {
  const {backend, keyspace, life} = node
  if (backend) {
    runServerMigrate(backend, target, keys, MIGRATE_TIMEOUT_MS, respond)
    return
  }
  const present = keys.filter((key) => keyspace.get(key) !== undefined && !keyspace.isHeld(key))
  if (present.length === 0) {
    respond({value: 'NOKEY'})
    return
  }
  keyspace.hold(present)
  const entries = present.map((key) => [key, keyspace.get(key) as string] as const)
  let over = false
  const finish = (reply: Reply): void => {
    if (over || node.life !== life || !node.running) return
    over = true
    node.deliver(() => {
      if ('value' in reply) for (const key of present) keyspace.delete(key)
      keyspace.release(present)
      respond('value' in reply ? OK : {error: `ERR Target instance replied with error: ${reply.error}`})
    })
  }
  world.queue.after(MIGRATE_TIMEOUT_MS, () => finish({error: 'IOERR error or timeout reading to target instance'}))
  world.call<Reply>(node.index, target, MIGRATE_TIMEOUT_MS, (reply) => runRestore(target, entries, reply), finish)
}

/** A CLUSTER subcommand that changes something; refusals become error replies. */
export function runAdmin(node: SimNode, run: (core: ClusterCore) => readonly ClusterEffect[], respond: Respond): void {
  try {
    node.admin(run, () => respond(OK))
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error
    respond({error: error.message})
  }
}

const MIGRATE_TIMEOUT_MS = 1000

function routeKeys(
  core: ClusterCore,
  node: SimNode,
  keys: readonly string[],
  {asking, isWrite, oneByOne = false}: {asking: boolean; isWrite: boolean; oneByOne?: boolean},
): string | undefined {
  // The hot path's shortcut is part of what is tested: it may never say yes where routing says no.
  const slots = keys.map(hashSlot)
  const groups = oneByOne ? keys.map((_, index) => [index]) : [keys.map((_, index) => index)]
  for (const group of groups) {
    if (group.every((index) => core.serves[slots[index] as number] === 1)) continue
    const refused = route(core, {
      asking,
      exists: (index) => node.keyspace.get(keys[group[index] as number] as string) !== undefined,
      isMigrate: false,
      isReadonlyClient: false,
      isShardPubsub: false,
      isWrite,
      slots: group.map((index) => slots[index] as number),
    })
    if (refused !== undefined) return refused
  }
  return undefined
}

/** `MOVED 5 10.0.0.2:7000` -> the node there. */
export function redirectTarget(world: World, error: string): SimNode | undefined {
  const match = /^(?:MOVED|ASK) \d+ (.*):(\d+)$/.exec(error)
  if (!match || Number(match[2]) !== CLIENT_PORT) return undefined
  return world.nodeAt(match[1] as string)
}
