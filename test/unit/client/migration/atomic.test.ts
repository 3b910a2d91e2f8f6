import {describe, expect, it} from 'vitest'
import {type AtomicDialect, type AtomicRefusal, classifyRefusal} from '../../../../src/lib/client/migration/atomic.js'
import {migrateSlots} from '../../../../src/lib/client/migration/migrateslots.js'
import {migrationImport} from '../../../../src/lib/client/migration/migration-import.js'
import type {WireReply} from '../../../../src/lib/client/migration/reply-reader.js'
import type {Wire} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import {idOf} from '../../plan/view-of.js'

const SOURCE = idOf('a')
const TARGET = idOf('b')
const RANGES = [
  {first: 0, last: 9},
  {first: 20, last: 20},
]

/** A node that answers from a list, and remembers what it was asked, a line per write. */
function fakeWire(...answers: readonly (readonly WireReply[])[]) {
  const writes: string[] = []
  const left = [...answers]
  const wire: Wire = {
    name: 'node',
    send: async (commands) => {
      writes.push(commands.map((command) => command.join(' ')).join(' | '))
      return [...(left.shift() ?? [])]
    },
    close: () => undefined,
  }
  return {wire, writes}
}

function ends(source: Wire, target: Wire) {
  return {source: {id: SOURCE, wire: source}, target: {id: TARGET, wire: target}}
}

function job(change: Readonly<Record<string, string | number>> = {}): WireReply {
  const fields = {
    name: 'j1',
    operation: 'EXPORT',
    slot_ranges: '0-9 20-20',
    target_node: TARGET,
    source_node: SOURCE,
    create_time: 1,
    last_update_time: 2,
    last_ack_time: 3,
    state: 'snapshotting',
    message: '',
    cow_size: 0,
    remaining_repl_size: 5,
    ...change,
  }
  return Object.entries(fields).flat()
}

function task(change: Readonly<Record<string, string | number>> = {}): WireReply {
  const fields = {
    id: 't1',
    slots: '0-9 20-20',
    source: SOURCE,
    dest: TARGET,
    operation: 'import',
    state: 'accumulate-buffer',
    last_error: '',
    retries: 0,
    create_time: 1,
    start_time: -1,
    end_time: -1,
    write_pause_ms: 0,
    ...change,
  }
  return Object.entries(fields).flat()
}

const silent = fakeWire().wire

describe('CLUSTER MIGRATESLOTS', () => {
  it('starts at the source, and finds its job among others of the same slots', async () => {
    const old = job({name: 'old', state: 'failed'})
    const incoming = job({name: 'other', operation: 'IMPORT', source_node: TARGET, target_node: SOURCE})
    const {wire, writes} = fakeWire([[old]], ['OK', [job({name: 'new'}), incoming, old]])
    expect(await migrateSlots.start(ends(wire, silent), RANGES)).toBe('new')
    expect(writes).toEqual([
      'CLUSTER GETSLOTMIGRATIONS',
      `CLUSTER MIGRATESLOTS SLOTSRANGE 0 9 20 20 NODE ${TARGET} | CLUSTER GETSLOTMIGRATIONS`,
    ])
  })

  it('says so if no job shows', async () => {
    const {wire} = fakeWire([[job({name: 'old'})]], ['OK', [job({name: 'old'})]])
    expect(await migrateSlots.start(ends(wire, silent), RANGES)).toBeUndefined()
  })

  it('throws the refusal', async () => {
    const {wire} = fakeWire([[]], [new NodeReplyError('ERR Slots are not served by this node.'), []])
    await expect(migrateSlots.start(ends(wire, silent), RANGES)).rejects.toThrow('not served')
  })

  it.each([
    ['connecting', 'running', false],
    ['waiting-to-snapshot', 'running', false],
    ['replicating', 'running', false],
    ['waiting-to-pause', 'running', true],
    ['failover-paused', 'running', true],
    ['failover-granted', 'running', true],
    ['cleaning-up', 'running', false],
    ['occurring-on-primary', 'running', false],
    ['success', 'done', false],
    ['failed', 'failed', false],
    ['cancelled', 'cancelled', false],
    ['a-state-of-the-future', 'running', false],
  ])('reads state %s as %s', async (state, phase, handingOver) => {
    const {wire} = fakeWire([[job({state, message: 'why'})]])
    expect(await migrateSlots.poll(ends(wire, silent), 'j1')).toMatchObject({
      name: 'j1',
      side: 'source',
      from: SOURCE,
      to: TARGET,
      slots: RANGES,
      phase,
      handingOver,
      message: 'why',
    })
  })

  it('reads a job that a replica of the target shows, without nodes', async () => {
    const fields = ['name', 'j1', 'operation', 'IMPORT', 'slot_ranges', '5-5', 'state', 'occurring-on-primary']
    const [shown] = await migrateSlots.list(fakeWire([[fields]]).wire)
    expect(shown).toMatchObject({side: 'target', from: undefined, to: undefined, slots: [{first: 5, last: 5}]})
  })

  it('marks progress by what is left to send', async () => {
    const marks = await Promise.all(
      [5, 4].map(async (left) => {
        const {wire} = fakeWire([[job({remaining_repl_size: left})]])
        return (await migrateSlots.poll(ends(wire, silent), 'j1'))?.mark
      }),
    )
    expect(marks[0]).not.toBe(marks[1])
  })

  it('knows no job after a restart', async () => {
    expect(await migrateSlots.poll(ends(fakeWire([[]]).wire, silent), 'j1')).toBeUndefined()
  })

  it('cancels, which ends all exports, only if there are no others', async () => {
    const alone = fakeWire([[job(), job({name: 'ended', state: 'success'})]], ['OK'])
    expect(await migrateSlots.cancel(ends(alone.wire, silent), 'j1')).toEqual([])
    expect(alone.writes.at(-1)).toBe('CLUSTER CANCELSLOTMIGRATIONS')
    const together = fakeWire([[job(), job({name: 'j2'})]])
    expect(await migrateSlots.cancel(ends(together.wire, silent), 'j1')).toMatchObject([{name: 'j2'}])
    expect(together.writes).toEqual(['CLUSTER GETSLOTMIGRATIONS'])
  })

  it('takes it that there was nothing left to cancel', async () => {
    const {wire} = fakeWire([[]], [new NodeReplyError('ERR No migrations ongoing')])
    expect(await migrateSlots.cancel(ends(wire, silent), 'j1')).toEqual([])
    // It was asked just before the slots were handed over.
    const late = fakeWire(
      [[job()]],
      [new NodeReplyError('ERR Slots are being handed over, it is too late to cancel that')],
    )
    expect(await migrateSlots.cancel(ends(late.wire, silent), 'j1')).toEqual([])
    const refused = fakeWire([[]], [new NodeReplyError('NOPERM no')])
    await expect(migrateSlots.cancel(ends(refused.wire, silent), 'j1')).rejects.toThrow('NOPERM')
  })
})

describe('CLUSTER MIGRATION', () => {
  it('starts, asks and cancels at the destination, by id', async () => {
    const {wire, writes} = fakeWire(['t1'], [[task()]], [1])
    expect(await migrationImport.start(ends(silent, wire), RANGES)).toBe('t1')
    expect(await migrationImport.poll(ends(silent, wire), 't1')).toMatchObject({name: 't1', slots: RANGES})
    expect(await migrationImport.cancel(ends(silent, wire), 't1')).toEqual([])
    expect(writes).toEqual([
      'CLUSTER MIGRATION IMPORT 0 9 20 20',
      'CLUSTER MIGRATION STATUS ID t1',
      'CLUSTER MIGRATION CANCEL ID t1',
    ])
  })

  it.each([
    ['connecting', 'import', 'running'],
    ['failed', 'import', 'running'],
    ['takeover', 'import', 'running'],
    ['completed', 'import', 'done'],
    ['canceled', 'import', 'cancelled'],
    ['handoff', 'migrate', 'running'],
    ['failed', 'migrate', 'failed'],
  ])('reads state %s of an %s as %s', async (state, operation, phase) => {
    const {wire} = fakeWire([[task({state, operation, last_error: 'why', retries: 3})]])
    expect(await migrationImport.poll(ends(silent, wire), 't1')).toMatchObject({phase, message: 'why', retries: 3})
  })

  it('does not take another attempt for progress', async () => {
    const marks = await Promise.all(
      [0, 1].map(async (retries) => {
        const {wire} = fakeWire([[task({retries})]])
        return (await migrationImport.poll(ends(silent, wire), 't1'))?.mark
      }),
    )
    expect(marks[0]).toBe(marks[1])
  })

  it('knows no task of that id after a restart', async () => {
    expect(await migrationImport.poll(ends(silent, fakeWire([[]]).wire), 't1')).toBeUndefined()
  })

  it('throws the refusal', async () => {
    const {wire} = fakeWire([new NodeReplyError('ERR another ASM task is already in progress')])
    await expect(migrationImport.start(ends(silent, wire), RANGES)).rejects.toThrow('another ASM task')
  })
})

describe.each<AtomicDialect>([migrateSlots, migrationImport])('$command', (dialect) => {
  it.each<[WireReply]>([
    [new NodeReplyError("ERR unknown subcommand 'GETSLOTMIGRATIONS'. Try CLUSTER HELP.")],
    ['OK'],
    [['text']],
    [null],
    [[['name']]],
  ])('is not spoken by a node that answers %j', async (reply) => {
    await expect(dialect.list(fakeWire([reply]).wire)).rejects.toThrow(NodeReplyError)
  })
})

describe('classifyRefusal', () => {
  it.each<[string, AtomicRefusal]>([
    ['ERR another ASM task is already in progress', 'busy'],
    ['ERR overlapping import exists for slot range: 0-9', 'busy'],
    ['ERR I am already migrating slot 5.', 'busy'],
    ['-ERR Slot is already being imported on the target by a different migration', 'busy'],
    ['ERR Slots are being manually imported', 'open-slots'],
    ['ERR Slots are being manually migrated', 'open-slots'],
    ['ERR all slot states must be STABLE to start a slot migration task.', 'open-slots'],
    ['ERR Slot migration can only be used on primary nodes.', 'not-primary'],
    ['ERR slot migration not allowed on replica.', 'not-primary'],
    ['ERR Slots are not served by this node.', 'moved'],
    ['ERR Requested slots span multiple shards', 'moved'],
    ['ERR Slot 5 has no node served.', 'moved'],
    ['ERR slot has no owner: 5', 'moved'],
    ['ERR slots belong to different source nodes', 'moved'],
    ['ERR this node is already the owner of the slot range', 'moved'],
    ['Slots are no longer owned by source node', 'moved'],
    ['Target node does not agree about current slot ownership', 'moved'],
    ['Ran out of memory (OOM) during slot import', 'full'],
    ['Failed to AUTH to target node: -WRONGPASS', 'unable'],
    ["NOPERM User ops has no permissions to run the 'cluster|migrateslots' command", 'unable'],
    ['ERR module x does not support atomic slot migration', 'unable'],
    ['Connection lost to target', 'other'],
    ['Data was flushed', 'other'],
    ['ERR Unknown node name: abc', 'other'],
  ])('%s: %s', (text, refusal) => {
    expect(classifyRefusal(text)).toBe(refusal)
  })
})
