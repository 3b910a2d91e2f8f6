import type {NodeId} from '../../model/node-id.js'
import {NodeReplyError} from '../reply-error.js'
import {type AtomicDialect, type AtomicTask, parseTaskRanges, rangeArguments, readTaskList} from './atomic.js'
import type {WireReply} from './reply-reader.js'

/*
 * Redis 8.4's dialect. The destination is told which slots to fetch, from whoever owns them:
 *
 *   CLUSTER MIGRATION IMPORT 0 9 20 29      the task's id
 *   CLUSTER MIGRATION STATUS ID <id> | ALL  tasks, as maps
 *   CLUSTER MIGRATION CANCEL ID <id>        how many were cancelled
 *
 * The states of an import:
 *
 *   connecting > auth-reply > send-handshake > handshake-reply > send-syncslots > syncslots-reply > init-rdbchannel
 *   > accumulate-buffer > ready-to-stream > streaming-buffer > wait-stream-eof > takeover > completed
 *
 * From any of them it may be failed, which the server tries again by itself (`retries`), or canceled. A node has one task
 * at a time, whichever end of it it is.
 */

const ENDED: Readonly<Record<string, AtomicTask['phase']>> = {completed: 'done', canceled: 'cancelled'}

export const migrationImport: AtomicDialect = {
  name: 'migration-import',
  command: 'CLUSTER MIGRATION',
  drivenAt: 'target',
  sourcesPerTarget: 1,

  async list(wire) {
    const [reply] = await wire.send([['CLUSTER', 'MIGRATION', 'STATUS', 'ALL']])
    return readTasks(reply)
  },

  async start({target}, ranges) {
    const [reply] = await target.wire.send([['CLUSTER', 'MIGRATION', 'IMPORT', ...rangeArguments(ranges)]])
    if (reply instanceof NodeReplyError) throw reply
    return typeof reply === 'string' ? reply : undefined
  },

  async poll({target}, name) {
    const [reply] = await target.wire.send([['CLUSTER', 'MIGRATION', 'STATUS', 'ID', name]])
    return readTasks(reply)[0]
  },

  async cancel({target}, name) {
    const [reply] = await target.wire.send([['CLUSTER', 'MIGRATION', 'CANCEL', 'ID', name]])
    if (reply instanceof NodeReplyError) throw reply
    return []
  },
}

function readTasks(reply: WireReply | undefined): AtomicTask[] {
  return readTaskList(reply, (fields) => {
    const state = fields.get('state') ?? ''
    const side = fields.get('operation') === 'migrate' ? 'source' : 'target'
    return {
      name: fields.get('id') ?? '',
      side,
      from: fields.get('source') as NodeId | undefined,
      to: fields.get('dest') as NodeId | undefined,
      slots: parseTaskRanges(fields.get('slots') ?? ''),
      state,
      // The source's part does not start again: the destination opens a new one.
      phase: ENDED[state] ?? (state === 'failed' && side === 'source' ? 'failed' : 'running'),
      // The destination decides about both ends, so it may cancel at any time.
      handingOver: false,
      message: fields.get('last_error') ?? '',
      retries: Number(fields.get('retries') ?? 0),
      // A state that comes round again after a failure is no progress, so a retry is not part of it.
      mark: state,
    }
  })
}
