import type {ClusterView} from '../../model/cluster-view.js'
import type {Revival} from '../../plan/revive.js'
import {nodeName} from '../wizard/plan-text.js'
import type {Style} from './style.js'

/** What is done to replicas that are to be primaries again. */
export function renderRevivals(revivals: readonly Revival[], view: ClusterView, style: Style): string {
  return revivals
    .flatMap(({isLast, node, primary}) => [
      primary === undefined
        ? `${style.bold('first')}   ${nodeName(view, node)}, which was reset before, meets the others again`
        : `${style.bold('first')}   ${nodeName(view, node)} leaves its primary ${nodeName(view, primary)}: the copy it holds is ` +
          'dropped (CLUSTER RESET SOFT), and it meets the others again as an empty primary',
      ...(isLast && primary !== undefined
        ? [`${style.yellow('Risk:')}  ${nodeName(view, primary)} has no replica then`]
        : []),
    ])
    .join('\n')
}
