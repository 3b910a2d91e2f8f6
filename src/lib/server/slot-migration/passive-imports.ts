import {parseRanges, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {ClusterCoreApi} from '../cluster/api.js'
import type {Server} from '../server.js'
import {Job} from './job.js'

export interface PassiveHost {
  onBegun(job: Job): void
  /** The keys are anybody's to see, as far as there are any. */
  onEnded(slots: readonly number[]): void
  /** Hides the slots and deletes their keys. */
  purge(slots: readonly number[], then: () => void): void
  hide(slots: readonly number[]): void
  /** This node itself is at it. */
  isImporting(name: string): boolean
  /** @param words - of a CLUSTER SYNCSLOTS command, for this node's replicas and its append-only file */
  propagate(words: readonly string[]): void
  /** The same for the append-only file alone. */
  append(words: readonly string[]): void
}

/** A file says that slots were taken, which nodes.conf may not know of. */
interface Claim {
  readonly slots: readonly number[]
  readonly epoch: number
}

/** Of slots that are hidden for another reason than an import. */
const NO_NAME = '-'
/** The id of a node that is not known. */
const NOBODY = '0'.repeat(40)

/**
 * Imports of another node whose data this one holds too: of its primary, told by the stream; or its own of an earlier
 * life, told by the file that it loaded. The keys are hidden until it is told what became of them. A node that turns out
 * to be a primary itself judges by the slots: what it owns is seen, what it is importing by SETSLOT is left alone, all else
 * is deleted. The file of a node is loaded before the node knows what it owns, so all of it is judged at the start:
 *
 *     ESTABLISH NAME name ...                       an import, of this node or its primary, that keys came by
 *     FINISH NAME name STATE success EPOCH epoch    it was over, unless nodes.conf never heard of that epoch
 *     FINISH NAME name STATE failed                 it was over, its keys are deleted
 *     HIDE SLOTSRANGE first last ...                slots were granted to another node, or their keys are being deleted
 *     SHOW SLOTSRANGE first last ...                that was over
 *
 * HIDE and SHOW stand in append-only files only: replicas are told of each deletion.
 */
export class PassiveImports {
  private readonly jobs = new Map<string, Job>()
  /** Slots of a loaded file that were being given away or emptied. */
  private readonly leftover = new Set<number>()
  private claims: Claim[] = []
  /** What is told comes from an append-only file: it may be long over. */
  isOfFile = false

  constructor(
    private readonly server: Server,
    private readonly host: PassiveHost,
  ) {}

  /** ESTABLISH in the stream. Safe to call twice. */
  begin(name: string, slots: readonly number[]): void {
    if (this.jobs.has(name) || this.host.isImporting(name)) {
      // What a file tells before may have shown them.
      this.host.hide(slots)
      return
    }
    const {cluster, effects} = this.server
    const target = cluster?.core.myself.primary?.id ?? ''
    const facts = {name, operation: 'IMPORT', slots, source: undefined, target} as const
    const job = new Job({...facts, nowMs: effects.nowMs()}, 'occurring-on-primary')
    this.jobs.set(name, job)
    this.host.onBegun(job)
  }

  /** FINISH in the stream. @param epoch - that the slots were claimed by; undefined: it failed */
  finish(name: string, epoch: number | undefined): void {
    const job = this.jobs.get(name)
    if (job === undefined) return
    this.end(job, epoch === undefined ? 'failed' : 'success')
    const {cluster} = this.server
    if (epoch === undefined) return
    if (cluster === undefined || this.isOfFile) this.claims.push({epoch, slots: job.slots})
    else cluster.perform(cluster.core.noteTakeover(job.slots, epoch))
  }

  /** HIDE in a file. */
  keepBack(slots: readonly number[]): void {
    for (const slot of slots) this.leftover.add(slot)
    this.host.hide(slots)
  }

  /** SHOW in a file. */
  letGo(slots: readonly number[]): void {
    for (const slot of slots) this.leftover.delete(slot)
    this.host.onEnded(slots)
  }

  private end(job: Job, state: 'failed' | 'success', message = ''): void {
    this.jobs.delete(job.name)
    job.message = message
    job.become(state, this.server.effects.nowMs())
    this.host.onEnded(job.slots)
  }

  /** This node may be a primary by now, that nobody tells anything. */
  look(): void {
    const {cluster, isReplica} = this.server
    if (cluster === undefined || isReplica) return
    if (this.claims.length > 0) this.judgeClaims(cluster.core)
    for (const job of [...this.jobs.values()]) {
      const strange = this.judge(cluster.core, job.slots)
      if (strange.length === 0) this.endJudged(job, true, cluster.core.myself.configEpoch)
      else {
        this.jobs.delete(job.name)
        job.become('cleaning-up', this.server.effects.nowMs())
        this.log('warning', strange, `which came by slot migration ${job.name} and that this node does not own`)
        this.host.purge(strange, () => this.endJudged(job, false, 0))
      }
    }
    if (this.leftover.size > 0) this.judgeLeftover(cluster.core)
  }

  /** Shows what is this node's. @returns the slots that are not */
  private judge(core: ClusterCoreApi, slots: readonly number[]): number[] {
    const isStrange = (slot: number): boolean =>
      core.ownerOf(slot) !== core.myself && core.importingFrom(slot) === undefined
    this.host.onEnded(slots.filter((slot) => !isStrange(slot)))
    return slots.filter(isStrange)
  }

  private log(level: 'notice' | 'warning', slots: readonly number[], which: string): void {
    this.server.effects.log(level, `Deleting the keys of slots ${renderRanges(rangesOf(slots))}, ${which}`)
  }

  /** The node ended between the two files. */
  private judgeClaims(core: ClusterCoreApi): void {
    const unheard = this.claims.filter(({epoch}) => epoch > core.myself.configEpoch)
    this.claims = []
    const strange = this.judge(core, [...new Set(unheard.flatMap(({slots}) => slots))])
    if (strange.length === 0) return
    this.log('warning', strange, 'which this node was about to take over when it ended')
    // A loaded file must not tell the same again.
    this.host.append(['HIDE', 'SLOTSRANGE', ...rangeWords(strange)])
    this.host.purge(strange, () => this.host.append(['SHOW', 'SLOTSRANGE', ...rangeWords(strange)]))
  }

  private judgeLeftover(core: ClusterCoreApi): void {
    const slots = [...this.leftover].sort((a, b) => a - b)
    this.leftover.clear()
    const strange = this.judge(core, slots)
    if (strange.length > 0) this.log('notice', strange, 'which this node gave away, or did not get')
    this.host.purge(strange, () => this.host.append(['SHOW', 'SLOTSRANGE', ...rangeWords(slots)]))
  }

  /** A file that is loaded later, and replicas, are not to judge again. */
  private endJudged(job: Job, isKept: boolean, epoch: number): void {
    const ending = isKept ? ['success', 'EPOCH', String(epoch)] : ['failed']
    this.host.propagate(['FINISH', 'NAME', job.name, 'STATE', ...ending])
    if (isKept) this.end(job, 'success')
    else this.end(job, 'failed', 'Failover of the target, or its restart')
  }

  /** Slots of a loaded file that nobody has judged yet. */
  get unjudged(): Iterable<number> {
    return this.leftover
  }

  /** A snapshot took the place of all data. @param text - of `hiddenField`; undefined: it hides nothing */
  adopt(text: string | undefined): void {
    for (const job of [...this.jobs.values()]) this.end(job, 'failed', 'Data was replaced')
    this.letGo([...this.leftover])
    this.claims = []
    for (const part of text?.split(';') ?? []) {
      const [name = '', ranges = ''] = part.split(':')
      const slots = slotsOf(parseRanges(ranges) ?? [])
      if (name !== NO_NAME) this.begin(name, slots)
      // A replica is told of each deletion.
      else if (!this.server.isReplica) this.keepBack(slots)
    }
  }
}

/** What data that are written now hold beside what is to be seen. */
export interface Hidden {
  /** Running imports. */
  readonly imports: readonly Job[]
  /** Slots that are given away, or emptied; ascending. */
  readonly slots: readonly number[]
}

/** `name:0-9,20;-:30` for a snapshot; undefined: all is to be seen. */
export function hiddenField({imports, slots}: Hidden): string | undefined {
  const parts = imports.map(({name, ranges}) => `${name}:${renderRanges(ranges)}`)
  if (slots.length > 0) parts.push(`${NO_NAME}:${renderRanges(rangesOf(slots))}`)
  return parts.length === 0 ? undefined : parts.join(';')
}

/** The same as commands. */
export function hidingCommands({imports, slots}: Hidden): string[][] {
  const commands = imports.map((job) => establishWords(job))
  if (slots.length > 0) commands.push(['HIDE', 'SLOTSRANGE', ...rangeWords(slots)])
  return commands.map((words) => ['CLUSTER', 'SYNCSLOTS', ...words])
}

/** An import as whoever holds the keys too is told of it. */
export function establishWords({name, slots, source = NOBODY, target}: Job): string[] {
  return ['ESTABLISH', 'SOURCE', source, 'TARGET', target || NOBODY, 'NAME', name, 'SLOTSRANGE', ...rangeWords(slots)]
}

export function rangeWords(slots: readonly number[]): string[] {
  return rangesOf(slots).flatMap(({first, last}) => [String(first), String(last)])
}
