import type {NodeId} from '../../model/node-id.js'
import type {SlotRange} from '../../model/slot-set.js'
import {isSlot} from '../../model/slot-set.js'
import {NodeReplyError} from '../reply-error.js'
import type {WireReply} from './reply-reader.js'
import type {Wire} from './wire.js'

/**
 * Atomic slot migration: the nodes move slots among themselves and hand all of them over at one moment. There are two
 * dialects, `migrateslots.ts` (Valkey) and `migration-import.ts` (Redis); neither server speaks the other's. What differs
 * between them stays in those files; the engine sees tasks.
 */
export interface AtomicDialect {
  readonly name: 'migrateslots' | 'migration-import'
  /** `CLUSTER MIGRATESLOTS`: how it is called in messages. */
  readonly command: string
  /** The end that is told to start a task, asked about it, and told to cancel it. */
  readonly drivenAt: 'source' | 'target'
  /** How many sources may feed one target at a time. */
  readonly sourcesPerTarget: number

  /**
   * @returns all tasks that a node knows of, ended ones included
   * @throws {NodeReplyError} if the node does not speak this dialect, or the user may not ask
   */
  list(wire: Wire): Promise<readonly AtomicTask[]>

  /**
   * Starts a task. All ranges go, or none.
   *
   * @returns the task's name; undefined if the node took the order and does not show a task for it
   * @throws {NodeReplyError} if the node refuses; `classifyRefusal` tells what that asks for
   */
  start(ends: AtomicEnds, ranges: readonly SlotRange[]): Promise<string | undefined>

  /** @returns undefined if the node does not know the task, as after a restart: then only ownership tells */
  poll(ends: AtomicEnds, name: string): Promise<AtomicTask | undefined>

  /**
   * Asks for the task's end. The caller polls on: it may be too late to cancel it.
   *
   * @returns what else the node was moving that this ends too, if it would: then nothing was cancelled
   */
  cancel(ends: AtomicEnds, name: string): Promise<readonly AtomicTask[]>
}

/** The two nodes of a task. */
export interface AtomicEnds {
  readonly source: {readonly id: NodeId; readonly wire: Wire}
  readonly target: {readonly id: NodeId; readonly wire: Wire}
}

export interface AtomicTask {
  readonly name: string
  /** Which end the node that shows it is. */
  readonly side: 'source' | 'target'
  /** Unknown on replicas of the target. */
  readonly from?: NodeId | undefined
  readonly to?: NodeId | undefined
  readonly slots: readonly SlotRange[]
  /** The node's own word. */
  readonly state: string
  /** `failed` means for good; what the server tries again by itself is `running`. */
  readonly phase: 'running' | 'done' | 'failed' | 'cancelled'
  /** The source holds back writes, or is about to: too late to cancel without risk. */
  readonly handingOver: boolean
  /** Why it failed, last time; empty if nothing went wrong. */
  readonly message: string
  /** How often the server tried again by itself. */
  readonly retries: number
  /** Grows or changes while the task gets on; compared, not shown. */
  readonly mark: string
}

/** What a refusal to start, or the reason of a failure, asks for. */
export type AtomicRefusal =
  /** The node is busy with another task: ask again later. */
  | 'busy'
  /** A slot is open by SETSLOT. */
  | 'open-slots'
  /** The node is a replica. */
  | 'not-primary'
  /** The slots are not where the caller thinks they are. */
  | 'moved'
  /** This node cannot migrate atomically as it stands: a module, the user's or the nodes' permissions. */
  | 'unable'
  /** The target has no memory for it. */
  | 'full'
  | 'other'

const REFUSALS: readonly (readonly [AtomicRefusal, RegExp])[] = [
  ['busy', /another ASM task is already in progress|overlapping import|already (?:migrating slot|being imported)/i],
  ['open-slots', /manually (?:imported|migrated)|must be STABLE/i],
  ['not-primary', /only be used on primary|not allowed on replica/i],
  [
    'moved',
    /not served by this node|different source nodes|multiple shards|no node served|has no owner|already the owner|no longer owned|does not agree about current slot ownership/i,
  ],
  ['full', /\bOOM\b|out of memory/i],
  ['unable', /\bmodules?\b|NOPERM|no permissions?|\balldbs\b|NOAUTH|WRONGPASS|\bAUTH\b/i],
]

/** @param text - an error reply, or the message of a task */
export function classifyRefusal(text: string): AtomicRefusal {
  return REFUSALS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}

/**
 * A RESP2 map: names and values in turn. Some client libraries' servers send a map's pairs as arrays; those are not met here.
 *
 * @returns name -> text; undefined if the reply is none
 */
export function readFields(reply: WireReply | undefined): Map<string, string> | undefined {
  if (!Array.isArray(reply) || reply.length % 2 !== 0) return undefined
  const fields = new Map<string, string>()
  for (let at = 0; at < reply.length; at += 2) fields.set(String(reply[at]), textOf(reply[at + 1]))
  return fields
}

/** @throws {NodeReplyError} of an error reply, or one that says what came in place of a list of tasks */
export function readTaskList(reply: WireReply | undefined, read: (fields: Map<string, string>) => AtomicTask) {
  if (reply instanceof NodeReplyError) throw reply
  const entries = Array.isArray(reply) ? reply.map(readFields) : [undefined]
  return entries.map((fields) => {
    if (fields) return read(fields)
    throw new NodeReplyError(`ERR not a list of slot migrations: ${JSON.stringify(reply)?.slice(0, 120)}`)
  })
}

/** Reads `0-9 20-29 40-40`, or slots alone. What is not a range of slots is left out. */
export function parseTaskRanges(text: string): SlotRange[] {
  return text.split(/[ ,]+/).flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number)
    return part !== '' && isSlot(first as number) && isSlot(last as number)
      ? [{first: first as number, last: last as number}]
      : []
  })
}

/** `['0', '9', '20', '29']` */
export function rangeArguments(ranges: readonly SlotRange[]): string[] {
  return ranges.flatMap(({first, last}) => [String(first), String(last)])
}

function textOf(value: WireReply | undefined): string {
  return typeof value === 'string' ? value : String(value ?? '')
}
