import {Args, Flags} from '@oclif/core'
import {renderDuration} from '../lib/cli/duration.js'
import {finishJob} from '../lib/cli/finish-job.js'
import {badFlag, durationFlag} from '../lib/cli/flags.js'
import {MoveCommand, type MoveResult} from '../lib/cli/move-command.js'
import {renderMaintenance, renderReturn} from '../lib/cli/render/maintenance.js'
import {renderRevivals} from '../lib/cli/render/revive.js'
import {type MoveFlagValues, moveFlags, planFlags} from '../lib/cli/tasks.js'
import {defaultStateFolder} from '../lib/environment/state-folder.js'
import {renderAddress, tryParseAddress} from '../lib/model/address.js'
import {findNode} from '../lib/model/cluster-map.js'
import {requirePromotable} from '../lib/operations/failover.js'
import {jobsFolder} from '../lib/operations/journal.js'
import {
  entriesOf,
  handOver,
  noteOf,
  type PreparedReturn,
  prepareMaintenance,
  prepareReturn,
  takeBack,
} from '../lib/operations/maintenance.js'
import {MaintenanceNotes} from '../lib/operations/maintenance-notes.js'
import type {ObservedCluster} from '../lib/operations/observe.js'
import {findCutShort, observeAny} from '../lib/operations/resume.js'
import {requireRevivable, reviveNodes} from '../lib/operations/revive.js'
import type {MaintenanceNote, MaintenancePlan, ReturnPlan} from '../lib/plan/maintenance.js'

/** The `--json` document. */
interface MaintenanceDocument {
  readonly action: 'on' | 'off'
  readonly status: 'done' | 'planned' | 'nothing'
  /** Absent if there was nothing to bring back, and with `--discard`. */
  readonly plan?: MaintenancePlan | ReturnPlan
  /** What is, or was, remembered of the node. */
  readonly note?: MaintenanceNote
  /** Of slots that moved. */
  readonly move?: MoveResult
}

interface RunFlags extends MoveFlagValues {
  readonly 'dry-run': boolean
  readonly drain: boolean
  readonly discard: boolean
  readonly wait: number
}

export default class Maintenance extends MoveCommand {
  static override summary = 'Empty a node for work on it, and bring everything back.'
  static override description =
    'on: a replica in sync takes over what the node serves, or with --drain its slots move to the other primaries. What it ' +
    'served is written down on this machine first. Then it may be stopped. off: once the node runs again, it takes over ' +
    'again, or gets its slots back from wherever they are. Both may be repeated, also after a run that was cut short.'

  static override usage = '<%= command.id %> on|off NODE [FLAGS]'

  static override examples = [
    '<%= config.bin %> <%= command.id %> on 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> on 127.0.0.1:7000 --drain --yes',
    '<%= config.bin %> <%= command.id %> off 127.0.0.1:7000',
    '<%= config.bin %> <%= command.id %> off 127.0.0.1:7000 --dry-run --json',
  ]

  static override args = {
    action: Args.string({description: 'on or off.', options: ['on', 'off'], required: true}),
    node: Args.string({
      description: 'The node: HOST:PORT, or its id (with --seed if it is not in maintenance).',
      ignoreStdin: true,
      required: true,
    }),
  }

  static override flags = {
    drain: Flags.boolean({summary: 'on: move its slots away, where it has no replica or none shall take over.'}),
    discard: Flags.boolean({summary: 'off: forget what was written down, and change nothing.'}),
    seed: Flags.string({helpValue: 'HOST:PORT', summary: 'A node to find the cluster by. By default the node itself.'}),
    wait: durationFlag({
      default: 90_000,
      defaultHelp: async () => '90s',
      summary: 'How long a replica may take to catch up, and a failover.',
    }),
    'dry-run': planFlags['dry-run'],
    ...moveFlags,
  }

  private readonly notes = new MaintenanceNotes(defaultStateFolder(process.env))

  async run(): Promise<MaintenanceDocument> {
    const {args, flags} = await this.parse(Maintenance)
    const known = await this.notes.find(args.node)
    if (args.action === 'on' && flags.discard) throw badFlag('--discard goes with off')
    if (args.action === 'off' && flags.drain) throw badFlag('--drain goes with on')
    // An address may be another than the node was known by; who else it is, the cluster tells.
    const mayBeAnother = !known && tryParseAddress(args.node) && (await this.notes.all()).length > 0
    if (flags.discard && !mayBeAnother) return this.discard(known, args.node)
    const entries = entriesOf(args.node, flags.seed, known)
    if (entries.length === 0) {
      throw badFlag(`${args.node} is not HOST:PORT, and nothing is known of a node of that id`, [
        'Pass --seed HOST:PORT.',
      ])
    }
    const cluster = this.closeLater(await observeAny(entries, await this.connectOptions(...entries), this.signal))
    const note = known ?? (await this.notes.findIn(cluster.view, args.node))
    if (flags.discard) return this.discard(note, args.node)
    // Ports are used again: another cluster may have had a node at this address.
    const present = note && findNode(cluster.view, note.node) ? note : undefined
    if (present && !flags['dry-run']) await this.finishCutShort(cluster, present, flags)
    return args.action === 'on'
      ? this.relieve(cluster, present?.node ?? args.node, present, flags)
      : this.bringBack(cluster, args.node, note, flags)
  }

  /** A move of an earlier run may have left slots half moved, whichever way it went. */
  private async finishCutShort(cluster: ObservedCluster, note: MaintenanceNote, flags: RunFlags): Promise<void> {
    const folder = jobsFolder(defaultStateFolder(process.env))
    const record = await findCutShort(folder, 'maintenance', note.node)
    if (!record) return
    this.progress(`Finishing job ${record.header.id}, which was cut short`)
    const onProgress = (text: string) => this.progress(text)
    await finishJob(cluster, record.header, {
      flags,
      folder,
      interactive: this.interactive,
      onProgress,
      signal: this.signal,
    })
    await cluster.observe(this.signal)
  }

  private async relieve(
    cluster: ObservedCluster,
    name: string,
    before: MaintenanceNote | undefined,
    flags: RunFlags,
  ): Promise<MaintenanceDocument> {
    const {drain, plan} = await prepareMaintenance(cluster, name, flags.drain, this.signal)
    const note = noteOf(cluster.view, plan, before)
    this.showPlan(renderMaintenance(plan, cluster.view, this.style))
    if (flags['dry-run']) {
      const move = drain && (await this.move(cluster, drain, flags))
      return {action: 'on', status: 'planned', plan, note, ...(move && {move})}
    }
    if (plan.successor !== undefined) await requirePromotable(cluster, plan.successor)
    if (plan.way === 'failover' || (plan.way === 'nothing' && plan.warnings.length > 0)) {
      await this.confirm('Put it into maintenance?')
    }
    const write = () => this.notes.write(note)
    if (!drain) await write()
    const move = drain && (await this.move(cluster, drain, flags, write))
    if (plan.successor !== undefined) await handOver(cluster, plan.successor, this.failoverOptions(flags))
    this.print(`${plan.address} serves no slot and may be stopped. Afterwards: shoal maintenance off ${plan.address}`)
    return {action: 'on', status: plan.way === 'nothing' ? 'nothing' : 'done', plan, note, ...(move && {move})}
  }

  private async bringBack(
    cluster: ObservedCluster,
    name: string,
    note: MaintenanceNote | undefined,
    flags: RunFlags,
  ): Promise<MaintenanceDocument> {
    if (!note) {
      this.print(`${name} is not in maintenance by what is known on this machine; nothing was changed.`)
      return {action: 'off', status: 'nothing'}
    }
    const prepared = await prepareReturn(cluster, note, this.signal)
    const {plan} = prepared
    this.showPlan(renderReturn(note, plan, cluster.view, this.style))
    if (flags['dry-run']) return {action: 'off', status: 'planned', plan, note}
    const move = await this.carryBack(cluster, note, prepared, flags)
    await this.notes.remove(note)
    this.print(`${note.address} is out of maintenance.`)
    return {action: 'off', status: plan.kind === 'nothing' ? 'nothing' : 'done', plan, note, ...(move && {move})}
  }

  private async carryBack(
    cluster: ObservedCluster,
    note: MaintenanceNote,
    {moves, plan, revivals}: PreparedReturn,
    flags: RunFlags,
  ): Promise<MoveResult | undefined> {
    if (plan.kind === 'nothing') return undefined
    if (plan.kind === 'failover') {
      await requirePromotable(cluster, note.node)
      await this.confirm('Bring it back?')
      await takeBack(cluster, note.node, this.failoverOptions(flags))
      return undefined
    }
    if (revivals.length > 0) {
      this.showPlan(renderRevivals(revivals, cluster.view, this.style))
      if (moves) await requireRevivable(cluster, revivals, moves.plan, flags.transfer)
      await this.confirm('Make it a primary again?')
      const options = {
        joinTimeoutMs: flags.wait,
        onProgress: (text: string) => this.progress(text),
        signal: this.signal,
      }
      await reviveNodes(cluster, revivals, options)
    }
    return moves && this.move(cluster, moves, flags)
  }

  private move(
    cluster: ObservedCluster,
    moves: NonNullable<PreparedReturn['moves']>,
    flags: RunFlags,
    onAgreed?: () => Promise<void>,
  ): Promise<MoveResult> {
    const seed = renderAddress(cluster.seed)
    return this.carryOut(cluster, moves, {command: 'maintenance', seed, flags, ...(onAgreed && {onAgreed})})
  }

  private failoverOptions({wait}: RunFlags) {
    return {
      waitMs: wait,
      onRest: (ms: number) => this.progress(`waiting ${renderDuration(ms)}: the replica was promoted a moment ago`),
      signal: this.signal,
    }
  }

  private async discard(note: MaintenanceNote | undefined, name: string): Promise<MaintenanceDocument> {
    if (!note) {
      this.print(`Nothing is written down of ${name}.`)
      return {action: 'off', status: 'nothing'}
    }
    await this.notes.remove(note)
    this.print(
      `What was written down of ${note.address} is forgotten; slots ${note.slots || 'none'} stay where they are.`,
    )
    return {action: 'off', status: 'done', note}
  }
}
