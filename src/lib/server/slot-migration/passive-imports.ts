import {parseRanges, rangesOf, renderRanges, slotsOf} from '../../model/slot-set.js'
import type {Server} from '../server.js'
import {Job} from './job.js'

export interface PassiveHost {
  onBegun(job: Job): void
  /** The keys are anybody's to see, as far as there are any. */
  onEnded(slots: readonly number[]): void
  purge(slots: readonly number[], then: () => void): void
}

/** Of slots that are hidden for another reason than an import. */
const NO_NAME = '-'

/**
 * Imports of another node whose data this one holds too: of its primary, told by the stream; or its own of an earlier
 * life, told by the file that it loaded. The keys are hidden until it is told what became of them. A node that turns out
 * to be a primary itself judges by the slots: what it owns is seen, all else is deleted.
 */
export class PassiveImports {
  private readonly jobs = new Map<string, Job>()
  /** Slots of a loaded file that were being emptied. */
  private leftover: readonly number[] = []

  constructor(
    private readonly server: Server,
    private readonly host: PassiveHost,
  ) {}

  /** ESTABLISH in the stream. */
  begin(name: string, slots: readonly number[]): void {
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
    if (epoch !== undefined && cluster !== undefined) cluster.perform(cluster.core.noteTakeover(job.slots, epoch))
  }

  private end(job: Job, state: 'failed' | 'success', message = ''): void {
    this.jobs.delete(job.name)
    job.message = message
    job.become(state, this.server.effects.nowMs())
    this.host.onEnded(job.slots)
  }

  /** This node may be a primary by now, that nobody tells anything. */
  look(): void {
    const {cluster, isLoading, isReplica} = this.server
    if (cluster === undefined || isLoading || isReplica) return
    const {core} = cluster
    const isStrange = (slot: number): boolean => core.ownerOf(slot) !== core.myself
    for (const job of [...this.jobs.values()]) {
      this.jobs.delete(job.name)
      const strange = job.slots.filter(isStrange)
      this.host.onEnded(job.slots.filter((slot) => !isStrange(slot)))
      job.become('cleaning-up', this.server.effects.nowMs())
      this.host.purge(strange, () => this.end(job, 'failed', 'Failover of the target, or its restart'))
    }
    if (this.leftover.length > 0) this.host.purge(this.leftover.filter(isStrange), () => undefined)
    this.leftover = []
  }

  /** @param imports - running ones of this node @param emptied - slots whose keys are being deleted */
  describe(imports: readonly Job[], emptied: readonly number[]): string | undefined {
    const parts = imports.map(({name, ranges}) => `${name}:${renderRanges(ranges)}`)
    const left = [...new Set([...emptied, ...this.leftover])].sort((a, b) => a - b)
    if (left.length > 0) parts.push(`${NO_NAME}:${renderRanges(rangesOf(left))}`)
    return parts.length === 0 ? undefined : parts.join(';')
  }

  /** A snapshot took the place of all data. @param text - of `describe`; undefined: it hides nothing */
  adopt(text: string | undefined): void {
    for (const job of [...this.jobs.values()]) this.end(job, 'failed', 'Data was replaced')
    for (const part of text?.split(';') ?? []) {
      const [name = '', ranges = ''] = part.split(':')
      const slots = slotsOf(parseRanges(ranges) ?? [])
      if (name !== NO_NAME) this.begin(name, slots)
      // A replica is told of each deletion.
      else if (!this.server.isReplica) this.leftover = slots
    }
  }
}
