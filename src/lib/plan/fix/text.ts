import {renderAddress} from '../../model/address.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import {plural} from '../finding.js'
import type {SlotFacts} from './facts.js'
import {type Doubt, heirOf, type Reason, type SlotDecision, type SlotStep} from './slot.js'

/** What people read of a decision about slots. */

type Name = (id: NodeId) => string

/** @param totals - keys of all the slots at each node */
export function foundText(
  {claims, importing, job, migrating, silentOwner}: SlotFacts,
  totals: ReadonlyMap<NodeId, number>,
  name: Name,
): string {
  const owner =
    claims.length > 0
      ? `${claims.map(name).join(' and ')} ${claims.length === 1 ? 'owns them' : 'all claim them'}`
      : silentOwner === undefined
        ? 'nobody owns them'
        : `their owner ${name(silentOwner)} does not answer`
  const marks = [
    ...migrating.map(({node, peer}) => `${name(node)} migrates them to ${name(peer)}`),
    ...importing.map(({node, peer}) => `${name(node)} imports them from ${name(peer)}`),
  ]
  const keys = [...totals].map(([id, count]) => `${plural(count, 'key')} at ${name(id)}`)
  const opened = job ? [`job ${job.job} opened them`] : []
  const none = claims.length === 0 && silentOwner !== undefined ? 'no keys elsewhere' : 'no keys'
  return [owner, ...marks, keys.length > 0 ? keys.join(' and ') : none, ...opened].join('; ')
}

export function stepText(step: SlotStep, name: Name): string {
  switch (step.kind) {
    case 'move':
      return `finish the move from ${name(step.from)} to ${name(step.to)}`
    case 'gather':
      return `bring the keys at ${name(step.from)} to ${name(step.to)}`
    case 'yield':
      return `let ${name(step.from)} hand its keys and its claim over to ${name(step.to)}`
    case 'assign':
      return `give them to ${name(step.node)}`
    case 'close':
      return `take back the mark at ${name(step.node)}`
    case 'failover':
      return `promote its replica ${name(step.node)}`
  }
}

const REASONS: Readonly<Record<Reason, string>> = {
  job: 'that is where the job was bringing them',
  recorded: 'that is the direction the owner has recorded; clients are redirected until the end',
  'not-begun': 'the owner redirects nobody there, so nothing has moved',
  'owner-stable': 'the owner serves them alone, so keys elsewhere are seen by nobody',
  'only-holder': 'it alone has keys of them',
  'most-keys': 'it has the most keys of them',
  'no-keys': 'nobody has keys of them; so the primaries stay even and ranges together',
  operator: 'you chose it',
  'newest-epoch': 'its claim has the newest epoch, which the others will follow',
  'replica-alive': 'the replica has the data',
  'owner-gone': 'you gave up the node that does not answer',
  'replica-flag': 'a replica takes its marks from its primary (Valkey 8 and later)',
}

const DOUBTS: Readonly<Record<Doubt, string>> = {
  'seen-alive': 'the other nodes do not hold the owner for dead, so it may be out of reach from here alone',
  'owner-down': 'the owner has no replica that answers, so its keys may exist nowhere else',
  'replica-blank': 'its replica was started empty and has not been in sync since, so it has none of its keys',
  'no-majority': 'most of the primaries that vote do not answer, so its replica cannot be elected',
  'target-down': 'the node they were moving to does not answer, and keys may be there alone',
  'same-epoch': 'both claims are equally new, and which keys are right cannot be told from here',
  'no-primary': 'no primary answers that could take them',
}

export function reasonText({doubt, reason}: SlotDecision): string {
  if (doubt) return DOUBTS[doubt]
  return reason ? REASONS[reason] : ''
}

/** What may be lost by the steps; empty if nothing can. */
export function riskText({reason, steps}: SlotDecision, {migrating, silentOwner}: SlotFacts, name: Name): string {
  if (reason === 'owner-gone') {
    const gone = silentOwner ?? migrating[0]?.peer
    const who = gone === undefined ? 'the node that does not answer' : name(gone)
    return `keys that only ${who} has are lost to the clients; if it comes back, it deletes them`
  }
  if (steps.some(({kind}) => kind === 'failover')) return 'writes that the replica has not received are lost'
  if (steps.some(({kind}) => kind === 'gather' || kind === 'yield')) {
    return 'none: a key on both sides that differs is left where it is and reported, unless --keep says which one stays'
  }
  return ''
}

/** How to go on where nothing is decided; empty otherwise. */
export function wayText({doubt}: SlotDecision, {silentOwner}: SlotFacts, slots: string, view: ClusterView): string {
  const seed = renderAddress(view.seed)
  switch (doubt) {
    case undefined:
      return ''
    case 'seen-alive':
      return `shoal check ${seed} (a node behind address translation needs --address-map FROM=TO)`
    case 'owner-down':
    case 'replica-blank':
    case 'target-down':
      return `Start ${silentOwner === undefined ? 'that node' : 'the owner'} again, or: shoal fix ${seed} --fix-with-unreachable-primaries`
    case 'no-majority': {
      const heir = silentOwner && heirOf(view, silentOwner)
      const replica = heir ? renderAddress(heir.address) : 'REPLICA'
      return `shoal failover ${replica} --takeover (only if the others are gone for good)`
    }
    case 'same-epoch':
      return `shoal fix ${seed} --owner ${slots}=NODE`
    default:
      return 'Start the primaries again.'
  }
}
