import {dissentsOf, ownRecord} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {NodeId} from '../../model/node-id.js'
import type {AddNodePlan} from '../add-node.js'
import type {FixPlan} from '../fix/fix.js'
import type {Revival} from '../revive.js'
import {neededAt} from './move-permissions.js'
import {NEEDED} from './needed-commands.js'
import type {NeededCommand, Needs} from './permissions.js'

/** What changes take of the user at the nodes that take part; moves of slots have theirs in `move-permissions`. */

/** Gathers what several steps need at one node, each command once. */
class Gathered {
  private readonly byNode = new Map<NodeId, Map<string, NeededCommand>>()

  add(id: NodeId, ...commands: readonly NeededCommand[]): void {
    const own = this.byNode.get(id) ?? new Map<string, NeededCommand>()
    for (const command of commands) own.set(command.name, command)
    this.byNode.set(id, own)
  }

  get needs(): Needs {
    return new Map([...this.byNode].map(([id, commands]) => [id, [...commands.values()]]))
  }
}

/**
 * @param members - those that answer
 * @param donor - the member whose functions are brought along; undefined if there are none
 */
export function neededToAdd({node, steps}: AddNodePlan, members: readonly NodeId[], donor: NodeId | undefined): Needs {
  const gathered = new Gathered()
  if (steps.includes('meet')) for (const id of [node, ...members]) gathered.add(id, NEEDED.meet)
  if (steps.includes('replicate')) gathered.add(node, NEEDED.replicate)
  if (steps.includes('functions') && donor !== undefined) {
    gathered.add(donor, NEEDED.functionDump)
    gathered.add(node, NEEDED.functionList, NEEDED.functionRestore)
  }
  return gathered.needs
}

/** @param donor - as of `neededToAdd` */
export function neededToRevive(
  revivals: readonly Revival[],
  members: readonly NodeId[],
  donor: NodeId | undefined,
): Needs {
  const gathered = new Gathered()
  for (const {node, primary} of revivals) {
    gathered.add(node, NEEDED.bumpEpoch, ...(primary === undefined ? [] : [NEEDED.reset]))
    for (const id of members) gathered.add(id, NEEDED.meet)
    if (donor !== undefined) gathered.add(node, NEEDED.functionList, NEEDED.functionRestore)
  }
  if (revivals.length > 0 && donor !== undefined) gathered.add(donor, NEEDED.functionDump)
  return gathered.needs
}

export function neededToPromote(replica: NodeId): Needs {
  return new Map([[replica, [NEEDED.failover]]])
}

export function neededForTimeout(nodes: readonly NodeId[]): Needs {
  return new Map(nodes.map((id) => [id, [NEEDED.configGet, NEEDED.configSet, NEEDED.configRewrite]]))
}

/** Keys that source and target both have are compared, and those of the source dropped perhaps. */
const COMPARED_AT_BOTH = [NEEDED.asking, NEEDED.dump, NEEDED.type]
const COMPARED_AT_SOURCE = [...COMPARED_AT_BOTH, NEEDED.watch, NEEDED.unwatch, NEEDED.multi, NEEDED.exec, NEEDED.del]
const SENT = [...neededAt(new Set(['source']), 'migrate'), ...COMPARED_AT_SOURCE]
const TAKEN = [...neededAt(new Set(['target']), 'migrate'), ...COMPARED_AT_BOTH]

/** What is left to do after a replica was promoted may be something else, and is asked for then. */
export function neededToFix(view: ClusterView, plan: FixPlan): Needs {
  const gathered = new Gathered()
  for (const step of plan.items.flatMap(({steps}) => steps)) {
    switch (step.kind) {
      case 'failover':
        gathered.add(step.node, NEEDED.failover)
        break
      case 'assign':
        gathered.add(step.node, NEEDED.addSlots, NEEDED.delSlots, NEEDED.bumpEpoch)
        break
      case 'close':
        gathered.add(step.node, NEEDED.setSlot)
        break
      case 'announce':
        gathered.add(step.node, NEEDED.bumpEpoch)
        // They are told one by one if its claim is the newest already.
        for (const {node} of dissentsOf(view)) {
          if (ownRecord(node)?.role === 'primary') gathered.add(node.id, NEEDED.setSlot)
        }
        break
      default:
        gathered.add(step.from, ...SENT)
        gathered.add(step.to, ...TAKEN)
    }
  }
  return gathered.needs
}

/** What it takes to write keys into a cluster, and to compare them. */
export interface WriteNeeds {
  readonly primaries: readonly NodeId[]
  /** Whether all nodes tell when a key expires (PEXPIRETIME); else they are asked how long it has left. */
  readonly absolute: boolean
  /** Primaries that get functions. */
  readonly loads: readonly NodeId[]
}

export interface ImportNeeds extends WriteNeeds {
  /** Whether keys are looked for at the end, and not compared. */
  readonly count: boolean
  /** Whether keys are deleted at the source. */
  readonly move: boolean
}

export function neededToImport(request: ImportNeeds): Needs {
  const gathered = writing(request)
  for (const id of request.primaries) {
    gathered.add(id, ...(request.count ? [NEEDED.exists] : []), ...(request.move ? [NEEDED.eval] : []))
  }
  return gathered.needs
}

/** What `import` takes at the source. */
export function neededAtSource({
  absolute,
  move,
}: {
  readonly absolute: boolean
  readonly move: boolean
}): NeededCommand[] {
  const removing = [NEEDED.watch, NEEDED.unwatch, NEEDED.multi, NEEDED.exec, NEEDED.del]
  return [NEEDED.scan, NEEDED.dump, expiryOf(absolute), ...(move ? removing : [])]
}

/** @param users - nodes that get users */
export function neededToRestore({users, ...request}: WriteNeeds & {readonly users: readonly NodeId[]}): Needs {
  const gathered = writing(request)
  for (const id of users) gathered.add(id, NEEDED.aclSetUser, NEEDED.aclSave)
  return gathered.needs
}

function writing({absolute, loads, primaries}: WriteNeeds): Gathered {
  const gathered = new Gathered()
  for (const id of primaries) {
    gathered.add(id, NEEDED.restore, NEEDED.asking, NEEDED.dump, NEEDED.del, expiryOf(absolute))
  }
  for (const id of loads) gathered.add(id, NEEDED.functionLoad)
  return gathered
}

function expiryOf(absolute: boolean): NeededCommand {
  return absolute ? NEEDED.pexpiretime : NEEDED.pttl
}
