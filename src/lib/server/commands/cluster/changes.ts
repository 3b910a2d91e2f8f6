import {parseInt64, requireInt64} from '../../arguments.js'
import type {ClusterCoreApi} from '../../cluster/api.js'
import type {ClusterEffect} from '../../cluster/types.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import type {CommandHandler} from '../command.js'
import {changing, inCluster, requireSlot, wrongNumber} from './context.js'

/** CLUSTER subcommands that change the cluster. */

const BUS_PORT_OFFSET = 10000

export const addSlots = changing((core, argv) => core.addSlots(argv.slice(2).map(requireSlot)))
export const delSlots = changing((core, argv) => core.delSlots(argv.slice(2).map(requireSlot)))
export const addSlotsRange = changing((core, argv) => core.addSlots(rangesOf(argv)))
export const delSlotsRange = changing((core, argv) => core.delSlots(rangesOf(argv)))
export const flushSlots = changing((core) => core.flushSlots())
export const forget = changing((core, argv) => core.forget(argv[2]!))
export const replicate = changing((core, argv) => core.replicate(argv[2]!))
export const saveConfig = changing((core) => core.saveConfig())

function rangesOf(argv: readonly string[]): number[] {
  if (argv.length % 2 !== 0) {
    throw new ReplyError(`ERR wrong number of arguments for 'cluster|${argv[1]!.toLowerCase()}' command`)
  }
  const slots: number[] = []
  for (let index = 2; index < argv.length; index += 2) {
    const first = requireSlot(argv[index]!)
    const last = requireSlot(argv[index + 1]!)
    if (first > last) {
      throw new ReplyError(`ERR start slot number ${first} is greater than end slot number ${last}`)
    }
    for (let slot = first; slot <= last; slot++) slots.push(slot)
  }
  return slots
}

export const meet = changing((core, argv) => {
  if (argv.length > 5) throw wrongNumber(argv[1]!)
  const port = requirePort(argv[3]!, 'base')
  return core.meet(argv[2]!, port, argv[4] === undefined ? port + BUS_PORT_OFFSET : requirePort(argv[4], 'bus'))
})

function requirePort(text: string, which: 'base' | 'bus'): number {
  const port = parseInt64(text)
  if (port === undefined) throw new ReplyError(`ERR Invalid TCP ${which} port specified: ${text}`)
  return Number(port)
}

const changeSlot = changing((core, argv) => {
  requirePrimary(core)
  const slot = requireSlot(argv[2]!)
  const action = argv[3]!.toLowerCase()
  const id = argv.length === 5 ? argv[4] : undefined
  if (action === 'stable' && argv.length === 4) return core.setSlotStable(slot)
  if (id !== undefined && action === 'migrating') return core.setSlotMigrating(slot, id)
  if (id !== undefined && action === 'importing') return core.setSlotImporting(slot, id)
  if (id !== undefined && action === 'node') return core.setSlotNode(slot, id)
  throw new ReplyError('ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP')
})

export const setSlot: CommandHandler = (context, argv) => {
  const {cluster, migrations} = context.server
  const slot = parseInt64(argv[2]!)
  if (cluster?.core.myself.isPrimary && typeof slot === 'number') migrations.requireFree(slot)
  changeSlot(context, argv)
}

/** Before any argument is looked at, as in Redis. */
function requirePrimary(core: ClusterCoreApi): void {
  if (core.myself.isReplica) throw new ReplyError('ERR Please use SETSLOT only with masters.')
}

export const setConfigEpoch = changing((core, argv) => {
  const epoch = requireInt64(argv[2]!)
  // Above 2^53 an epoch could not be counted up any more.
  if (typeof epoch !== 'number') throw new ReplyError(`ERR Invalid config epoch specified: ${argv[2]}`)
  return core.setConfigEpoch(epoch)
})

export const bumpEpoch = inCluster(({reply}, _argv, cluster) => {
  const {bumped, effects, epoch} = cluster.core.bumpEpoch()
  cluster.perform(effects)
  reply.simple(`${bumped ? 'BUMPED' : 'STILL'} ${epoch}`)
})

export const reset = changing((core, argv): ClusterEffect[] => {
  if (argv.length > 3) throw wrongNumber(argv[1]!)
  const mode = argv[2]?.toLowerCase() ?? 'soft'
  if (mode !== 'hard' && mode !== 'soft') throw new ReplyError(SYNTAX_ERROR)
  return core.reset(mode === 'hard')
})

export const failover = changing((core, argv) => {
  if (argv.length > 3) throw wrongNumber(argv[1]!)
  const mode = argv[2]?.toLowerCase() ?? 'plain'
  if (argv[2] !== undefined && mode !== 'force' && mode !== 'takeover') throw new ReplyError(SYNTAX_ERROR)
  return core.failover(mode === 'force' || mode === 'takeover' ? mode : 'plain')
})
