import {type Client, SPECIAL_IMPORT, SPECIAL_PRIMARY} from '../../client.js'
import type {ClusterCoreApi} from '../../cluster/api.js'
import {TO_AOF} from '../../propagation/propagation.js'
import type {ReplyWriter} from '../../reply.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {Server} from '../../server.js'
import type {Job} from '../../slot-migration/job.js'
import type {MigrationRequest} from '../../slot-migration/slot-migrations.js'
import type {CommandHandler} from '../command.js'
import {inCluster, requireSlot} from './context.js'

/** CLUSTER subcommands of atomic slot migration, as Valkey 9 has them. */

const NAME = /^[0-9a-f]{40}$/

/** CLUSTER MIGRATESLOTS SLOTSRANGE first last [first last ...] NODE id [SLOTSRANGE ... NODE id ...]: all or nothing. */
export const migrateSlots = inCluster(({reply, server}, argv, {core}) => {
  if (core.myself.isReplica) throw new ReplyError('ERR Slot migration can only be used on primary nodes.')
  if (core.hasImporting) throw new ReplyError('ERR Slots are being manually imported')
  if (core.hasMigrating) throw new ReplyError('ERR Slots are being manually migrated')
  const requests = parseRequests(argv)
  const seen = new Set<number>()
  for (const {slots, target} of requests) {
    requireGivable(server, slots, seen)
    const node = core.nodes.get(target)
    if (node === undefined || node.inHandshake) throw new ReplyError(`ERR Unknown node name: ${target}`)
    if (node === core.myself) throw new ReplyError('ERR Target node can not be this node.')
    if (!node.isPrimary) throw new ReplyError('ERR Target node is not a primary node.')
  }
  server.migrations.start(requests)
  reply.ok()
})

/** @throws {ReplyError} */
function parseRequests(argv: readonly string[]): MigrationRequest[] {
  const requests: MigrationRequest[] = []
  let at = 2
  while (at < argv.length) {
    if (argv[at]!.toLowerCase() !== 'slotsrange') throw new ReplyError(SYNTAX_ERROR)
    const {next, slots} = parseRanges(argv, at + 1)
    const target = argv[next + 1]
    if (slots.length === 0 || argv[next]?.toLowerCase() !== 'node' || target === undefined) {
      throw new ReplyError(SYNTAX_ERROR)
    }
    requests.push({slots: slots.sort((a, b) => a - b), target})
    at = next + 2
  }
  return requests
}

/** Pairs of slots up to a word that is none. @throws {ReplyError} */
function parseRanges(argv: readonly string[], from: number): {readonly slots: number[]; readonly next: number} {
  const slots: number[] = []
  let at = from
  for (; at < argv.length && /^\d/.test(argv[at]!); at += 2) {
    const first = requireSlot(argv[at]!)
    const last = requireSlot(argv[at + 1] ?? '')
    if (first > last) throw new ReplyError(`ERR start slot number ${first} is greater than end slot number ${last}`)
    for (let slot = first; slot <= last; slot++) slots.push(slot)
  }
  return {next: at, slots}
}

/** @param seen - slots named so far; these are added @throws {ReplyError} */
function requireGivable(server: Server, slots: readonly number[], seen: Set<number>): void {
  const {core} = server.cluster!
  for (const slot of slots) {
    if (seen.has(slot)) throw new ReplyError('ERR Slot ranges in migrations overlap')
    seen.add(slot)
    const owner = core.ownerOf(slot)
    if (owner === undefined) throw new ReplyError(`ERR Slot ${slot} has no node served.`)
    if (owner !== core.myself) {
      const isElsewhere = slots.every((other) => core.ownerOf(other) !== core.myself)
      throw new ReplyError(
        isElsewhere ? 'ERR Slots are not served by this node.' : 'ERR Requested slots span multiple shards',
      )
    }
    if (server.migrations.isBusy(slot)) throw new ReplyError(`ERR I am already migrating slot ${slot}.`)
  }
}

/** The newest first. */
export const getSlotMigrations = inCluster(({reply, server}) => {
  const {jobs} = server.migrations
  reply.array(jobs.length)
  for (const job of jobs) writeJob(reply, job)
})

function writeJob(reply: ReplyWriter, job: Job): void {
  const seconds = (ms: number): number => Math.floor(ms / 1000)
  const texts: [string, string][] = [
    ['name', job.name],
    ['operation', job.operation],
    ['slot_ranges', job.rangesText],
    ['target_node', job.target],
  ]
  if (job.source !== undefined) texts.push(['source_node', job.source])
  reply.map(texts.length + 7)
  for (const [name, value] of texts) {
    reply.bulk(name)
    reply.bulk(value)
  }
  reply.bulk('create_time')
  reply.integer(seconds(job.createdMs))
  reply.bulk('last_update_time')
  reply.integer(seconds(job.updatedMs))
  reply.bulk('last_ack_time')
  reply.integer(seconds(job.ackMs))
  reply.bulk('state')
  reply.bulk(job.state)
  reply.bulk('message')
  reply.bulk(job.message)
  reply.bulk('cow_size')
  reply.integer(0)
  reply.bulk('remaining_repl_size')
  reply.integer(job.remainingBytes)
}

export const cancelSlotMigrations = inCluster(({reply, server}) => {
  server.migrations.cancel()
  reply.ok()
})

/**
 * What a source and a target say to each other (slot-migration/link.ts), and a target to its replicas. It answers by lines
 * of its own.
 */
export const syncSlots: CommandHandler = (context, argv) => {
  const {client, server} = context
  const word = argv[2]!.toLowerCase()
  const isFollowed = (client.special & SPECIAL_PRIMARY) !== 0 || server.isLoading
  if (isFollowed) follow(server, word, argv)
  else inCluster(({reply}, _argv, {core}) => converse(server, client, reply, core, word, argv))(context, argv)
}

function converse(
  server: Server,
  client: Client,
  reply: ReplyWriter,
  core: ClusterCoreApi,
  word: string,
  argv: readonly string[],
): void {
  const {migrations} = server
  if ((client.special & SPECIAL_IMPORT) !== 0) {
    migrations.importOf(client)?.onWord(word, argv[3])
    return
  }
  if (word === 'establish') {
    const {name, slots, source, target} = parseEstablish(argv)
    requireMyself(core, target)
    migrations.establish(client, name, source, slots)
  } else if (word === 'abort' && argv[5]?.toLowerCase() === 'name' && argv.length === 7) {
    requireMyself(core, argv[4]!)
    const epoch = migrations.abort(argv[6]!)
    reply.simple(epoch === undefined ? 'ABORTED' : `FINISHED ${Math.max(epoch, core.myself.configEpoch)}`)
  } else throw new ReplyError(`ERR Unknown CLUSTER SYNCSLOTS subcommand '${argv[2]!.slice(0, 128)}'`)
}

/** Another node may have the address by now that the source knows. @throws {ReplyError} */
function requireMyself({myself}: ClusterCoreApi, id: string): void {
  if (myself.id !== id) throw new ReplyError(`ERR This is not node ${id}`)
}

/** ESTABLISH SOURCE id TARGET id NAME name SLOTSRANGE first last ... @throws {ReplyError} */
function parseEstablish(argv: readonly string[]) {
  const [, , , sourceWord, source, targetWord, target, nameWord, name, rangeWord] = argv
  const words = [sourceWord, targetWord, nameWord, rangeWord].map((word) => word?.toLowerCase()).join(' ')
  const {next, slots} = parseRanges(argv, 10)
  if (words !== 'source target name slotsrange' || !NAME.test(name!) || next !== argv.length || slots.length === 0) {
    throw new ReplyError(SYNTAX_ERROR)
  }
  return {name: name!, slots, source: source!, target: target!}
}

/** HIDE or SHOW SLOTSRANGE first last ... @throws {ReplyError} */
function parseHidden(argv: readonly string[]): number[] {
  const {next, slots} = parseRanges(argv, 4)
  if (argv[3]?.toLowerCase() !== 'slotsrange' || next !== argv.length) throw new ReplyError(SYNTAX_ERROR)
  return slots
}

/**
 * In the stream of a target, or a file: ESTABLISH as above; FINISH NAME name STATE state [EPOCH epoch]; HIDE and SHOW as
 * above. A replica's own file has to tell it too. @throws {ReplyError}
 */
function follow(server: Server, word: string, argv: readonly string[]): void {
  const {followed} = server.migrations
  if (word === 'establish') {
    const {name, slots} = parseEstablish(argv)
    followed.begin(name, slots)
  } else if (word === 'finish') followed.finish(argv[4]!, argv[6] === 'success' ? Number(argv[8]) : undefined)
  else if (word === 'hide') followed.keepBack(parseHidden(argv))
  else if (word === 'show') followed.letGo(parseHidden(argv))
  else throw new ReplyError(SYNTAX_ERROR)
  server.state.propagation.always(-1, argv, TO_AOF)
}
