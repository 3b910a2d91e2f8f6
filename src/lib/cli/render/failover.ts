import type {ClusterView} from '../../model/cluster-view.js'
import type {FailoverPlan} from '../../plan/failover.js'
import {nodeName} from '../wizard/plan-text.js'
import type {Style} from './style.js'

const MODES = {
  plain: 'the primary hands over, nothing is lost',
  force: 'by vote, without the primary',
  takeover: 'without a vote',
}

/** Who takes over what from whom, how, and what it risks. */
export function renderFailover(plan: FailoverPlan, view: ClusterView, style: Style): string {
  const {mode, primary, primaryOffset, replica, replicaOffset, risks, slots} = plan
  const behind = primaryOffset === undefined ? 'unknown' : `${Math.max(0, primaryOffset - replicaOffset)} bytes`
  return [
    `${style.bold('promote')}  ${nodeName(view, replica)}`,
    `${style.bold('instead')}  ${nodeName(view, primary)}`,
    `${style.bold('slots')}    ${slots === '' ? 'none' : slots}`,
    `${style.bold('behind')}   ${behind}`,
    `${style.bold('how')}      ${mode}: ${MODES[mode]}`,
    ...risks.map((risk) => `${style.yellow('Risk:')} ${risk}`),
  ].join('\n')
}
