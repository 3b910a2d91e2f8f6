import type {ClusterView} from '../../model/cluster-view.js'
import type {DelNodePlan} from '../../plan/del-node.js'
import {nodeName} from '../wizard/plan-text.js'
import {renderAmount} from './numbers.js'
import type {Style} from './style.js'

/** What is removed, and what must happen before. */
export function renderDelNode(plan: DelNodePlan, view: ClusterView, style: Style): string {
  const {address, answers, rehome, role, slotCount} = plan
  const state = answers ? role : `${role} that does not answer`
  return [
    `${style.bold('remove')}  ${address}, a ${state}`,
    ...(slotCount > 0
      ? [`${style.bold('first')}   move its ${renderAmount(slotCount, 'slot')} to the other primaries`]
      : []),
    ...rehome.map(
      ({replica, to}) => `${style.bold('then')}    ${nodeName(view, replica)} follows ${nodeName(view, to)}`,
    ),
    `${style.bold('last')}    all nodes forget it${answers ? ', and it forgets them' : ''}`,
  ].join('\n')
}
