import type {Client} from '../client.js'
import type {Database} from '../keyspace/database.js'
import type {ReplyWriter} from '../reply.js'
import type {Server} from '../server.js'
import {type KeySpec, type LegacyRange, legacyRange} from './key-spec.js'

/**
 * The table entry every command is: COMMAND, ACL categories, arity checks, key extraction and routing read the same object.
 *
 * Names, flags, categories, tips and key specs are spelled as Redis 7.0 prints them in COMMAND INFO. What only
 * COMMAND DOCS shows stands in `docs/`, keyed by the full name, so that a node starts without reading it.
 */
export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'module'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'blocking'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'may_replicate'
  | 'sentinel'
  | 'only_sentinel'
  | 'no_mandatory_keys'
  | 'protected'
  | 'no_async_loading'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'

export type CommandGroup =
  | 'generic'
  | 'string'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'hash'
  | 'pubsub'
  | 'transactions'
  | 'connection'
  | 'server'
  | 'scripting'
  | 'hyperloglog'
  | 'cluster'
  | 'sentinel'
  | 'geo'
  | 'stream'
  | 'bitmap'

/** What a handler gets. One object per client, reused: do not keep it, nor `nowMs`, beyond the call. */
export interface CommandContext {
  readonly server: Server
  readonly client: Client
  /** The client's selected database. */
  db: Database
  readonly reply: ReplyWriter
  /** Unix milliseconds, cached for the chunk of input being processed. */
  nowMs: number
}

/**
 * Writes one reply to `context.reply`, or throws `ReplyError` before writing.
 *
 * @param argv - binary (latin1) strings; argv[0] is the name as typed, argv[1] of a subcommand its name. Arity holds.
 *   Each is a flat string of its own, so it may be stored as it is.
 */
export type CommandHandler = (context: CommandContext, argv: string[]) => void

export interface CommandDefinition {
  /** Lower case; a subcommand bears its own name alone (`nodes`). */
  readonly name: string
  /** As Redis counts: with the name (and the container's); negative = at least. */
  readonly arity: number
  readonly flags?: readonly CommandFlag[]
  readonly group: CommandGroup
  /** Version of Redis that had it first. */
  readonly since: string
  /** Categories not implied by flags, without `@`: `string`, `keyspace`, `dangerous`, ... */
  readonly acl?: readonly string[]
  readonly tips?: readonly string[]
  readonly keys?: readonly KeySpec[]
  /** Redis's flag of that name, which COMMAND INFO does not show. */
  readonly mayReplicate?: boolean
  /** Where keys cannot be told from fixed positions: their indexes in argv. Needed with the flag `movablekeys`. */
  readonly keyIndexes?: (argv: readonly string[]) => number[]
  /** Absent in a container that must have a subcommand. */
  readonly run?: CommandHandler
  readonly subcommands?: readonly Command[]
}

/** A defined command. One shape for all, so that the dispatcher's reads stay monomorphic. */
export class Command {
  readonly name: string
  /** `cluster|nodes` for a subcommand. Set when the container takes it. */
  fullName: string
  readonly arity: number
  readonly flags: readonly CommandFlag[]
  readonly group: CommandGroup
  readonly since: string
  /** All categories without `@`, in Redis's order: explicit ones and those implied by flags. */
  readonly acl: readonly string[]
  readonly tips: readonly string[]
  readonly keys: readonly KeySpec[]
  readonly keyIndexes: ((argv: readonly string[]) => number[]) | undefined
  /** An active-active database has its own for some, in the table of its node. */
  run: CommandHandler | undefined
  /** By lower-case name. */
  readonly subcommands: ReadonlyMap<string, Command> | undefined
  /** The container of a subcommand. */
  parent: Command | undefined

  /** COMMAND INFO's first key, last key (negative: from the end), step; zeros if there is none. */
  readonly range: LegacyRange
  readonly firstKey: number
  readonly lastKey: number
  readonly keyStep: number
  readonly isWrite: boolean
  readonly isReadonly: boolean
  readonly deniesOom: boolean
  /** Reaches replicas without being a write: a pause of writes holds it back. */
  readonly mayReplicate: boolean
  /** What it changes goes to replicas and to disk. */
  readonly changesData: boolean
  /** Refused when a script calls it. */
  readonly noScript: boolean
  /** Runs while a script keeps the node busy. */
  readonly allowsBusy: boolean
  /** Runs before AUTH. */
  readonly noAuth: boolean
  /** Refused inside MULTI. */
  readonly noMulti: boolean
  /** May run while a transaction is queued instead of being queued: EXEC, DISCARD, MULTI, WATCH, QUIT, RESET. */
  readonly isTransactionControl: boolean

  /** May take long, so every call is timed. */
  readonly isSlow: boolean

  /** Statistics since start or CONFIG RESETSTAT. */
  calls = 0
  usec = 0
  rejectedCalls = 0
  failedCalls = 0
  /** Its place in the tables of access rules; the server that owns this table sets it. */
  aclId = -1
  /** What an access rule must allow for the one key at `firstKey`; LOOK_CLOSER of acl/needs.ts where there is more to it. */
  aclNeeds = -1

  private readonly definition: CommandDefinition

  constructor(definition: CommandDefinition) {
    this.definition = definition
    const flags = definition.flags ?? []
    this.name = definition.name
    this.fullName = definition.name
    this.arity = definition.arity
    this.flags = flags
    this.group = definition.group
    this.since = definition.since
    this.acl = categoriesOf(definition)
    this.tips = definition.tips ?? []
    this.keys = definition.keys ?? []
    this.keyIndexes = definition.keyIndexes
    this.run = definition.run
    this.parent = undefined
    this.range = legacyRange(this.keys)
    this.firstKey = this.range.first
    this.lastKey = this.range.last
    this.keyStep = this.range.step
    this.isWrite = flags.includes('write')
    this.isReadonly = flags.includes('readonly')
    this.deniesOom = flags.includes('denyoom')
    this.mayReplicate = flags.includes('may_replicate') || definition.mayReplicate === true
    this.changesData = this.isWrite || this.mayReplicate
    this.noScript = flags.includes('noscript')
    this.allowsBusy = flags.includes('allow_busy')
    this.noAuth = flags.includes('no_auth')
    this.noMulti = flags.includes('no_multi')
    this.isSlow = (!flags.includes('fast') && definition.name !== 'set') || this.lastKey < 0
    this.isTransactionControl = TRANSACTION_CONTROL.has(definition.name) && definition.group !== 'cluster'
    this.subcommands = definition.subcommands && adopt(this, definition.subcommands)
  }

  /** The same command with statistics of its own: every server in a process gets its own table. */
  copy(): Command {
    const {subcommands} = this.definition
    if (subcommands === undefined) return new Command(this.definition)
    return new Command({...this.definition, subcommands: subcommands.map((one) => one.copy())})
  }
}

const TRANSACTION_CONTROL = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset'])

function adopt(parent: Command, subcommands: readonly Command[]): ReadonlyMap<string, Command> {
  const byName = new Map<string, Command>()
  for (const one of subcommands) {
    one.parent = parent
    one.fullName = `${parent.name}|${one.name}`
    byName.set(one.name, one)
  }
  return byName
}

/** Redis adds these to the categories written down, by flag, in this order. */
function categoriesOf({acl = [], flags = []}: CommandDefinition): string[] {
  const found = new Set(acl)
  if (flags.includes('write')) found.add('write')
  if (flags.includes('readonly') && !found.has('scripting')) found.add('read')
  if (flags.includes('admin')) {
    found.add('admin')
    found.add('dangerous')
  }
  if (flags.includes('pubsub')) found.add('pubsub')
  if (flags.includes('fast')) found.add('fast')
  if (flags.includes('blocking')) found.add('blocking')
  if (!found.has('fast')) found.add('slow')
  return ACL_CATEGORIES.filter((category) => found.has(category))
}

/** In the order Redis prints them. */
export const ACL_CATEGORIES: readonly string[] = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
]

export function defineCommand(definition: CommandDefinition): Command {
  return new Command(definition)
}

/** What COMMAND DOCS shows of one argument. */
export interface ArgumentDocs {
  readonly name: string
  readonly type: 'string' | 'integer' | 'double' | 'key' | 'pattern' | 'unix-time' | 'pure-token' | 'oneof' | 'block'
  readonly keySpecIndex?: number
  readonly token?: string
  readonly summary?: string
  readonly since?: string
  readonly deprecatedSince?: string
  readonly flags?: readonly ('optional' | 'multiple' | 'multiple_token')[]
  readonly arguments?: readonly ArgumentDocs[]
}

/** What COMMAND DOCS shows of one command beyond the table entry; kept in docs/, keyed by `fullName`. */
export interface CommandDocs {
  readonly summary: string
  readonly complexity?: string
  readonly docFlags?: readonly ('deprecated' | 'syscmd')[]
  readonly deprecatedSince?: string
  readonly replacedBy?: string
  readonly history?: readonly (readonly [version: string, change: string])[]
  readonly arguments?: readonly ArgumentDocs[]
}
