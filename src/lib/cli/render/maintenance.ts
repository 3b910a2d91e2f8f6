import type {ClusterView} from '../../model/cluster-view.js'
import type {MaintenanceNote, MaintenancePlan, ReturnPlan} from '../../plan/maintenance.js'
import {nodeName} from '../wizard/plan-text.js'
import type {Style} from './style.js'

/** What a node serves, and who is to serve it meanwhile. */
export function renderMaintenance(plan: MaintenancePlan, view: ClusterView, style: Style): string {
  const {node, role, slots, successor, warnings, way} = plan
  const how =
    way === 'nothing'
      ? 'it serves no slot'
      : way === 'failover'
        ? `${successor === undefined ? 'a replica' : nodeName(view, successor)} takes over, nothing is lost`
        : 'its slots move to the other primaries'
  return [
    `${style.bold('relieve')}  ${nodeName(view, node)}, a ${role}`,
    `${style.bold('slots')}    ${slots === '' ? 'none' : slots}`,
    `${style.bold('how')}      ${how}`,
    ...warnings.map((warning) => `${style.yellow('Risk:')} ${warning}`),
  ].join('\n')
}

/** What a node gets back, and how. */
export function renderReturn(note: MaintenanceNote, plan: ReturnPlan, view: ClusterView, style: Style): string {
  const how =
    plan.kind === 'nothing'
      ? 'there is nothing to bring back'
      : plan.kind === 'failover'
        ? `it takes over from ${nodeName(view, plan.primary)} once it is in sync, nothing is lost`
        : 'its slots move back'
  return [
    `${style.bold('bring back')}  ${note.address}, in maintenance since ${note.at}`,
    `${style.bold('slots')}       ${note.slots === '' ? 'none' : note.slots}`,
    `${style.bold('how')}         ${how}`,
    ...plan.warnings.map((warning) => `${style.yellow('Note:')} ${warning}`),
  ].join('\n')
}
