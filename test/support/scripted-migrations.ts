import {parseTaskRanges} from '../../src/lib/client/migration/atomic.js'
import {rangesOf, renderRanges, slotsOf} from '../../src/lib/model/slot-set.js'
import {OK, type Reply, refusal, type ScriptedCluster, type ScriptedNode} from './scripted-cluster.js'

/**
 * Atomic slot migration as the two servers do it, on a scripted cluster: the commands, the order of states, what is
 * refused. A task goes one state further whenever the node that drives it is asked about it.
 */

/** What a task goes through. */
export interface Course {
  /** Default: all states of the dialect, in order. */
  readonly states?: readonly string[]
  /** It stays in this state until `release()`. */
  readonly hold?: string
  /** Default `done`. `forgotten`: the nodes know nothing of it any more, as after a restart. */
  readonly end?: 'done' | 'failed' | 'cancelled' | 'forgotten'
  readonly message?: string
  /** Who owns the slots at the end; default: the target after `done`, else the source. */
  readonly slotsGo?: boolean
  /** How often it fails first and is tried again by the server (Redis). */
  readonly failures?: number
  /** Cancelling has no effect. */
  readonly stubborn?: boolean
  /** How often the source still shows the keys after it gave them away. */
  readonly trimShows?: number
}

export interface ScriptedTask {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly slots: readonly number[]
  readonly course: Course
  state: string
  step: number
  retries: number
  message: string
  ended: boolean
}

const STATES = {
  migrateslots: [
    'connecting',
    'sending-auth-command',
    'reading-auth-response',
    'sending-establish-command',
    'reading-establish-response',
    'waiting-to-snapshot',
    'snapshotting',
    'replicating',
    'waiting-to-pause',
    'failover-paused',
    'failover-granted',
  ],
  'migration-import': [
    'connecting',
    'auth-reply',
    'send-handshake',
    'handshake-reply',
    'send-syncslots',
    'syncslots-reply',
    'init-rdbchannel',
    'accumulate-buffer',
    'ready-to-stream',
    'streaming-buffer',
    'wait-stream-eof',
    'takeover',
  ],
}

export abstract class ScriptedMigrations {
  /** The courses of the next tasks; default when they run out: all goes well. */
  readonly courses: Course[] = []
  /** The newest first. */
  readonly tasks: ScriptedTask[] = []
  private released = false
  private count = 0

  /** @param nodes - those that offer it; default all */
  constructor(
    protected readonly cluster: ScriptedCluster,
    private readonly dialect: keyof typeof STATES,
    nodes: readonly ScriptedNode[] = cluster.nodes,
  ) {
    cluster.handlers.push((command, node) => (nodes.includes(node) ? this.handle(command, node) : undefined))
  }

  abstract handle(command: readonly string[], node: ScriptedNode): Reply | undefined

  get running(): ScriptedTask[] {
    return this.tasks.filter(({ended}) => !ended)
  }

  /** What is held goes on. */
  release(): void {
    this.released = true
  }

  /** A task, as if somebody had asked for it. */
  begin(from: string, to: string, slots: readonly number[], course = this.courses.shift() ?? {}): ScriptedTask {
    const name = (++this.count).toString(16).padStart(40, '0')
    const state = (course.states ?? STATES[this.dialect])[0] ?? ''
    const task = {name, from, to, slots, course, state, step: 0, retries: 0, message: '', ended: false}
    this.tasks.unshift(task)
    return task
  }

  /** The node was restarted: it remembers nothing. */
  forget(): void {
    this.tasks.length = 0
  }

  protected abstract readonly words: {readonly done: string; readonly cancelled: string}

  protected advance(task: ScriptedTask): void {
    const {course} = task
    if (task.ended || (task.state === course.hold && !this.released)) return
    const states = course.states ?? STATES[this.dialect]
    task.step++
    if (task.step < states.length) task.state = states[task.step] as string
    else if (task.retries < (course.failures ?? 0)) {
      Object.assign(task, {
        step: -1,
        state: 'failed',
        retries: task.retries + 1,
        message: course.message ?? 'lost link',
      })
    } else this.end(task)
  }

  protected end(task: ScriptedTask, end: Course['end'] = task.course.end ?? 'done'): void {
    const {course, slots, to} = task
    const from = this.cluster.nodes.find(({id}) => id === task.from)
    task.ended = true
    task.state = end === 'done' ? this.words.done : end === 'cancelled' ? this.words.cancelled : 'failed'
    task.message = end === 'done' ? '' : (course.message ?? '')
    if (course.slotsGo ?? end === 'done') {
      for (const slot of slots) {
        const keys = this.cluster.keys.get(slot) ?? 0
        if (course.trimShows) from?.leftover.set(slot, {keys, shows: course.trimShows})
      }
      this.cluster.give(slots, to)
    }
    if (end === 'forgotten') this.tasks.splice(this.tasks.indexOf(task), 1)
  }

  protected cancel(task: ScriptedTask): void {
    if (!task.course.stubborn) this.end(task, 'cancelled')
  }

  protected rangesText({slots}: ScriptedTask): string {
    return rangesOf(slots)
      .map(({first, last}) => `${first}-${last}`)
      .join(' ')
  }

  protected hasOpenSlots(node: ScriptedNode): boolean {
    return node.importing.size + node.migrating.size > 0
  }

  protected busySlot(slots: readonly number[]): number | undefined {
    const busy = new Set(this.running.flatMap((task) => task.slots))
    return slots.find((slot) => busy.has(slot))
  }
}

/** Valkey 9. */
export class ScriptedMigrateSlots extends ScriptedMigrations {
  protected readonly words = {done: 'success', cancelled: 'cancelled'}

  constructor(cluster: ScriptedCluster, nodes?: readonly ScriptedNode[]) {
    super(cluster, 'migrateslots', nodes)
  }

  handle([name = '', sub = '', ...args]: readonly string[], node: ScriptedNode): Reply | undefined {
    if (name !== 'CLUSTER') return undefined
    if (sub === 'GETSLOTMIGRATIONS') return this.list(node)
    if (sub === 'MIGRATESLOTS') return this.migrate(args, node)
    if (sub !== 'CANCELSLOTMIGRATIONS') return undefined
    const exports = this.running.filter(({from}) => from === node.id)
    if (exports.length === 0) return refusal('ERR No migrations ongoing')
    for (const task of exports) this.cancel(task)
    return OK
  }

  private list(node: ScriptedNode): Reply {
    const shown = this.tasks.filter(({from, to}) => from === node.id || to === node.id)
    for (const task of [...shown]) if (task.from === node.id) this.advance(task)
    return shown
      .filter((task) => this.tasks.includes(task))
      .map((task) => [
        ...['name', task.name, 'operation', task.from === node.id ? 'EXPORT' : 'IMPORT'],
        ...['slot_ranges', this.rangesText(task), 'target_node', task.to, 'source_node', task.from],
        ...['create_time', 1, 'last_update_time', 1, 'last_ack_time', 1],
        ...['state', task.state, 'message', task.message, 'cow_size', 0],
      ])
  }

  private migrate(args: readonly string[], node: ScriptedNode): Reply {
    if (node.role === 'slave') return refusal('ERR Slot migration can only be used on primary nodes.')
    if (node.importing.size > 0) return refusal('ERR Slots are being manually imported')
    if (node.migrating.size > 0) return refusal('ERR Slots are being manually migrated')
    const at = args.indexOf('NODE')
    const slots = slotsOf(parseTaskRanges(pairsText(args.slice(1, at))))
    const to = args[at + 1] ?? ''
    if (args[0] !== 'SLOTSRANGE' || slots.length === 0) return refusal('ERR syntax error')
    if (slots.some((slot) => this.cluster.owners[slot] !== node.id)) {
      return refusal('ERR Slots are not served by this node.')
    }
    const busy = this.busySlot(slots)
    if (busy !== undefined) return refusal(`ERR I am already migrating slot ${busy}.`)
    if (!this.cluster.nodes.some(({id}) => id === to)) return refusal(`ERR Unknown node name: ${to}`)
    if (to === node.id) return refusal('ERR Target node can not be this node.')
    this.begin(node.id, to, slots)
    return OK
  }
}

/** Redis 8.4. */
export class ScriptedMigrationImport extends ScriptedMigrations {
  protected readonly words = {done: 'completed', cancelled: 'canceled'}

  constructor(cluster: ScriptedCluster, nodes?: readonly ScriptedNode[]) {
    super(cluster, 'migration-import', nodes)
  }

  handle([name = '', sub = '', verb = '', ...args]: readonly string[], node: ScriptedNode): Reply | undefined {
    if (name !== 'CLUSTER' || sub !== 'MIGRATION') return undefined
    if (verb === 'IMPORT') return this.import(args, node)
    const chosen = this.tasks.filter(
      (task) => (task.from === node.id || task.to === node.id) && (args[0] === 'ALL' || task.name === args[1]),
    )
    if (verb === 'STATUS') return args.length === 0 ? arity() : this.status(chosen, node)
    const running = chosen.filter(({ended, to}) => !ended && to === node.id)
    for (const task of running) this.cancel(task)
    return running.length
  }

  private status(tasks: readonly ScriptedTask[], node: ScriptedNode): Reply {
    for (const task of [...tasks]) if (task.to === node.id) this.advance(task)
    return tasks
      .filter((task) => this.tasks.includes(task))
      .map((task) => [
        ...['id', task.name, 'slots', this.rangesText(task), 'source', task.from, 'dest', task.to],
        ...['operation', task.to === node.id ? 'import' : 'migrate', 'state', task.state],
        ...['last_error', task.message, 'retries', task.retries, 'create_time', 1, 'start_time', -1],
        ...['end_time', -1, 'write_pause_ms', 0],
      ])
  }

  private import(args: readonly string[], node: ScriptedNode): Reply {
    if (args.length === 0 || args.length % 2 === 1) return arity()
    if (node.role === 'slave') return refusal('ERR slot migration not allowed on replica.')
    if (this.hasOpenSlots(node)) {
      return refusal('ERR all slot states must be STABLE to start a slot migration task.')
    }
    const slots = slotsOf(parseTaskRanges(pairsText(args)))
    const busy = this.busySlot(slots)
    if (busy !== undefined)
      return refusal(`ERR overlapping import exists for slot range: ${renderRanges(rangesOf(slots))}`)
    const owners = new Set(slots.map((slot) => this.cluster.owners[slot] ?? ''))
    const [from = ''] = owners
    if (owners.has('')) return refusal('ERR slot has no owner')
    if (owners.size > 1) return refusal('ERR slots belong to different source nodes')
    if (from === node.id) return refusal('ERR this node is already the owner of the slot range')
    if (this.running.some((task) => task.to === node.id || task.from === node.id)) {
      return refusal('ERR another ASM task is already in progress')
    }
    return this.begin(from, node.id, slots).name
  }
}

function arity(): Error {
  return refusal("ERR wrong number of arguments for 'cluster|migration' command")
}

/** `0 9 20 29` -> `0-9 20-29` */
function pairsText(args: readonly string[]): string {
  return args.flatMap((first, index) => (index % 2 === 0 ? [`${first}-${args[index + 1]}`] : [])).join(' ')
}
