import {keysInSlot, setImporting, setMigrating, setOwner, setStable} from '../../client/migration/legacy.js'
import type {WireReply} from '../../client/migration/reply-reader.js'
import {NodeReplyError} from '../../client/reply-error.js'
import {CliError} from '../../kernel/errors.js'
import {highestEpoch} from '../../model/cluster-map.js'
import {parseRanges, slotsOf} from '../../model/slot-set.js'
import type {FixStep} from '../../plan/fix/fix.js'
import {Drain, LIST_KEYS} from '../migration/drain.js'
import {Pace} from '../migration/pace.js'
import {pairContext, type RunMoves} from '../migration/run-moves.js'
import {sizeKeys} from '../migration/size-keys.js'
import type {PairContext} from '../migration/types.js'

export type GatherStep = Extract<FixStep, {readonly kind: 'gather' | 'yield'}>

/** Slots opened at a time. */
const WINDOW_SLOTS = 64

/**
 * Brings keys to the owner of their slots from a node that is not.
 *
 * MIGRATE takes keys of slots that its node imports, or owns and migrates. A node that merely has the keys is made to
 * import them for the while, which changes nothing for the clients: nobody is redirected to it. One that takes itself for
 * the owner goes on to serve what it has left, and gives up its claim last.
 *
 * @returns keys that went over
 * @throws {CliError} PLAN_PARTIAL for keys that differ on both sides, or that the nodes refuse to move
 */
export async function gatherKeys(run: Omit<RunMoves, 'moves'>, step: GatherStep): Promise<number> {
  const serving = step.kind === 'yield'
  const epochs = {highest: highestEpoch(run.cluster.view)}
  const context: PairContext = {...(await pairContext(run, step, epochs, run.stop)), sourceImports: !serving}
  const {source, target} = context
  const pace = new Pace(context.pace, 0)
  const slots = slotsOf(parseRanges(step.slots) ?? [])
  let keys = 0
  for (let at = 0; at < slots.length && !run.stop.aborted; at += WINDOW_SLOTS) {
    const window = slots.slice(at, at + WINDOW_SLOTS)
    const open = (slot: number) => (serving ? setMigrating(slot, target.id) : setImporting(slot, target.id))
    const opened = await source.wire.send(window.map(open))
    requireAll(opened, window, `${source.name} does not open`)
    const lists = await source.wire.send(window.map((slot) => keysInSlot(slot, LIST_KEYS)))
    const listed = window.map((slot, index) => ({slot, keys: (lists[index] ?? []) as string[]}))
    const {drained, failed, keys: moved} = await new Drain(context, pace).run(await sizeKeys(context, pace, listed))
    keys += moved
    // Nobody is redirected by the mark of a node that serves nothing, so it goes also where keys stay behind.
    const closed = serving ? drained : window
    const close = (slot: number) => (serving ? setOwner(slot, target.id) : setStable(slot))
    requireAll(await source.wire.send(closed.map(close)), closed, `${source.name} does not close`)
    const [failure] = failed.values()
    if (failure) throw failure
  }
  return keys
}

function requireAll(replies: readonly WireReply[], slots: readonly number[], what: string): void {
  replies.forEach((reply, index) => {
    if (reply === 'OK') return
    const text = reply instanceof NodeReplyError ? reply.message : JSON.stringify(reply)
    throw new CliError('PLAN_PARTIAL', `${what} slot ${slots[index]}: ${text}`)
  })
}
