import {ownRecord, primariesOf, replicasOf} from '../../model/cluster-map.js'
import type {ClusterView} from '../../model/cluster-view.js'
import type {AddNodePlan} from '../../plan/add-node.js'
import {nodeName} from '../wizard/plan-text.js'
import type {Style} from './style.js'

/** What a node is to become, and where. */
export function renderAddNode(plan: AddNodePlan, name: string, view: ClusterView, style: Style): string {
  if (plan.steps.length === 0) return `${name} is a ${plan.role} of this cluster already.`
  const size = `${primariesOf(view).length} primaries, ${replicasOf(view).length} replicas`
  const role = plan.primary === undefined ? 'primary, without slots' : `replica of ${replicatedBy(plan.primary, view)}`
  return [`${style.bold('add')}   ${name}`, `${style.bold('to')}    ${size}`, `${style.bold('as')}    ${role}`].join(
    '\n',
  )
}

function replicatedBy(id: NonNullable<AddNodePlan['primary']>, view: ClusterView): string {
  const count = view.nodes.filter((node) => ownRecord(node)?.primaryId === id).length
  return `${nodeName(view, id)}, which has ${count} now`
}
