import type {NodeId} from '../../model/node-id.js'
import {renderRanges} from '../../model/slot-set.js'
import {NodeReplyError} from '../reply-error.js'
import {type AtomicDialect, type AtomicTask, parseTaskRanges, rangeArguments, readTaskList} from './atomic.js'
import type {WireReply} from './reply-reader.js'
import type {WireCommand} from './wire.js'

/*
 * Valkey 9's dialect. The source is told where its slots go:
 *
 *   CLUSTER MIGRATESLOTS SLOTSRANGE 0 9 20 29 NODE <target>   OK, and a job of unknown name
 *   CLUSTER GETSLOTMIGRATIONS                                 all jobs, the newest first
 *   CLUSTER CANCELSLOTMIGRATIONS                              ends all exports of the node
 *
 * The states of an export, each of which may end in failed or cancelled:
 *
 *   connecting > sending-auth-command > reading-auth-response > sending-establish-command > reading-establish-response
 *   > waiting-to-snapshot > snapshotting > replicating > waiting-to-pause > failover-paused > failover-granted > success
 *
 * Nothing is tried again by the server.
 */

const LIST: WireCommand = ['CLUSTER', 'GETSLOTMIGRATIONS']

const ENDED: Readonly<Record<string, AtomicTask['phase']>> = {
  success: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
}

/**
 * Cancelled after `failover-granted`, the source would take writes again while the target takes the slots: they would be
 * lost. `failover-paused` is followed by it within a round trip.
 */
const HANDING_OVER = new Set(['waiting-to-pause', 'failover-paused', 'failover-granted', 'failover-requested'])

/** It has ended since it was asked about, or it hands over by now, and ends by itself. */
const TOO_LATE = /no migrations ongoing|too late to cancel/i

export const migrateSlots: AtomicDialect = {
  name: 'migrateslots',
  command: 'CLUSTER MIGRATESLOTS',
  drivenAt: 'source',
  sourcesPerTarget: 2,

  async list(wire) {
    const [reply] = await wire.send([LIST])
    return readJobs(reply)
  },

  async start({source, target}, ranges) {
    const before = new Set((await this.list(source.wire)).map(({name}) => name))
    const order = ['CLUSTER', 'MIGRATESLOTS', 'SLOTSRANGE', ...rangeArguments(ranges), 'NODE', target.id]
    // In one write, so that the job cannot end and leave the log between the two.
    const [started, listed] = await source.wire.send([order, LIST])
    if (started instanceof NodeReplyError) throw started
    const mine = renderRanges(ranges)
    return readJobs(listed).find(
      ({name, side, slots, to}) =>
        side === 'source' && to === target.id && !before.has(name) && renderRanges(slots) === mine,
    )?.name
  },

  async poll({source}, name) {
    return (await this.list(source.wire)).find((job) => job.name === name)
  },

  async cancel({source}, name) {
    const running = (await this.list(source.wire)).filter(({phase, side}) => side === 'source' && phase === 'running')
    const others = running.filter((job) => job.name !== name)
    if (others.length > 0) return others
    const [reply] = await source.wire.send([['CLUSTER', 'CANCELSLOTMIGRATIONS']])
    if (reply instanceof NodeReplyError && !TOO_LATE.test(reply.message)) throw reply
    return []
  },
}

function readJobs(reply: WireReply | undefined): AtomicTask[] {
  return readTaskList(reply, (fields) => {
    const state = fields.get('state') ?? ''
    const marks = ['state', 'last_update_time', 'cow_size', 'remaining_repl_size']
    return {
      name: fields.get('name') ?? '',
      side: fields.get('operation') === 'IMPORT' ? 'target' : 'source',
      from: fields.get('source_node') as NodeId | undefined,
      to: fields.get('target_node') as NodeId | undefined,
      slots: parseTaskRanges(fields.get('slot_ranges') ?? ''),
      state,
      phase: ENDED[state] ?? 'running',
      handingOver: HANDING_OVER.has(state),
      message: fields.get('message') ?? '',
      retries: 0,
      mark: marks.map((name) => fields.get(name) ?? '').join(' '),
    }
  })
}
